#include "agent/commands/release.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "agent/base/strings.h"
#include "agent/commands/setup.h"
#include "agent/plugin/builtin.h"
#include "catalog/compiler/compiler.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

// What a built-in metric is, apart from its words: the binary emits it so and no other way.
std::string shape(const MetricSpec& spec) {
  return fmt::format("{} {{{}}}", type_name(spec.type), join(spec.labels, ", "));
}

struct Shape {
  std::string text;
  Location where;
};

std::map<std::string, Shape> shapes(const catalog::Catalog& catalog) {
  std::map<std::string, Shape> out;
  for (const auto& subject : catalog.subjects) {
    for (const auto& entry : subject.metrics) {
      out[std::string(entry.spec.name)] = {shape(entry.spec), entry.where};
    }
    for (const auto& entry : subject.families) {
      const auto& spec = entry.spec;
      out[std::string(spec.pattern)] = {shape({spec.type, spec.pattern, {}, {}, spec.labels}),
                                        entry.where};
    }
  }
  return out;
}

// A catalog of the user's may have other rules and alerts, but this binary emits its own metrics.
// A catalog of another release differs in hundreds; a screenful says it.
void compare_metrics(const catalog::Catalog& given, Diagnostics& diagnostics) {
  constexpr std::size_t kMostTold = 20;
  std::size_t differing = 0;
  const auto tell = [&](const Location& where, std::string message) {
    if (++differing <= kMostTold) diagnostics.error(where, std::move(message));
  };
  const auto built_in = shapes(catalog::load(catalog::embedded_files(), "built in: ", diagnostics));
  const auto theirs = shapes(given);
  for (const auto& [name, entry] : theirs) {
    const auto own = built_in.find(name);
    if (own == built_in.end()) {
      tell(entry.where, fmt::format("this binary has no metric {}: declare it in the "
                                    "site, or build basewatch with this catalog",
                                    name));
    } else if (own->second.text != entry.text) {
      tell(entry.where, fmt::format("{} is {} here, but this binary emits {}: build basewatch with "
                                    "this catalog",
                                    name, entry.text, own->second.text));
    }
  }
  for (const auto& [name, entry] : built_in) {
    if (theirs.contains(name)) continue;
    tell({}, fmt::format("this catalog lacks the metric {}, which this binary emits: "
                         "build basewatch with this catalog",
                         name));
  }
  if (differing > kMostTold) {
    diagnostics.error({}, fmt::format("{} more metrics differ: this catalog belongs to another "
                                      "build of basewatch",
                                      differing - kMostTold));
  }
}

// The jobs under which the configured instances are scraped are those that the rules have to match.
void take_jobs(const config::Config& config, catalog::Site& site) {
  std::map<std::string, std::set<std::string>> jobs;
  for (const auto& instance : config.instances) {
    jobs[std::string(instance.plugin->name)].insert(instance.job);
  }
  for (const auto& [exporter, names] : jobs) site.jobs[exporter].assign(names.begin(), names.end());
}

// What Prometheus has to have a target for; the agent's own is written by hand.
void take_targets(const Setup& setup, catalog::Site& site) {
  const auto& jobs = site.jobs["agent"];
  if (!jobs.empty()) {
    site.targets.push_back({"agent", "main", jobs.front(), setup.node, setup.node, true});
  }
  for (const auto& instance : setup.config.instances) {
    const auto& plugin = *instance.plugin;
    const auto where =
        plugin.host_wide ? setup.node : fmt::format("{}/{}", setup.node, instance.name);
    site.targets.push_back(
        {std::string(plugin.name), instance.name, instance.job, where, setup.node, false});
  }
}

}  // namespace

Release load_release(const ReleaseOptions& options, Diagnostics& diagnostics) {
  Release out;
  std::optional<Setup> setup;
  if (!options.config.empty()) {
    setup = make_setup(options.config, builtin_plugins(), diagnostics);
    if (!diagnostics.ok()) return out;
    fmt::print(stderr, "{}", setup->refused_modules().text());
  }
  const auto files = options.catalog.empty() ? catalog::embedded_files()
                                             : catalog::read_folder(options.catalog, diagnostics);
  const auto shown = options.catalog.empty() ? "catalog/" : options.catalog + "/";
  out.catalog = catalog::load(files, shown, diagnostics);
  if (!options.catalog.empty() && diagnostics.ok()) compare_metrics(out.catalog, diagnostics);
  out.site = catalog::load_site(files, out.catalog, setup ? setup->config.site : options.site,
                                diagnostics);
  if (setup) {
    take_jobs(setup->config, out.site);
    take_targets(*setup, out.site);
  }
  if (diagnostics.ok()) catalog::check(out.catalog, out.site, diagnostics);
  return out;
}

}  // namespace basewatch::commands
