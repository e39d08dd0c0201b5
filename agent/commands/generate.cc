#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
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
void compare_metrics(const catalog::Catalog& given, Diagnostics& diagnostics) {
  const auto built_in = shapes(catalog::load(catalog::embedded_files(), "built in: ", diagnostics));
  const auto theirs = shapes(given);
  for (const auto& [name, entry] : theirs) {
    const auto own = built_in.find(name);
    if (own == built_in.end()) {
      diagnostics.error(entry.where, fmt::format("this binary has no metric {}: declare it in the "
                                                 "site, or build basewatch with this catalog",
                                                 name));
    } else if (own->second.text != entry.text) {
      diagnostics.error(entry.where,
                        fmt::format("{} is {} here, but this binary emits {}: build basewatch with "
                                    "this catalog",
                                    name, entry.text, own->second.text));
    }
  }
  for (const auto& [name, entry] : built_in) {
    if (theirs.contains(name)) continue;
    diagnostics.error({}, fmt::format("this catalog lacks the metric {}, which this binary emits: "
                                      "build basewatch with this catalog",
                                      name));
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

}  // namespace

int generate(const GenerateOptions& options) {
  Diagnostics diagnostics;
  std::optional<Setup> setup;
  if (!options.config.empty()) {
    setup = make_setup(options.config, builtin_plugins(), diagnostics);
    if (!diagnostics.ok()) {
      fmt::print(stderr, "{}", diagnostics.text());
      return kUsage;
    }
    fmt::print(stderr, "{}", setup->refused_modules().text());
  }
  const auto files = options.catalog.empty() ? catalog::embedded_files()
                                             : catalog::read_folder(options.catalog, diagnostics);
  const auto shown = options.catalog.empty() ? "catalog/" : options.catalog + "/";
  auto loaded = catalog::load(files, shown, diagnostics);
  if (!options.catalog.empty() && diagnostics.ok()) compare_metrics(loaded, diagnostics);
  auto site =
      catalog::load_site(files, loaded, setup ? setup->config.site : options.site, diagnostics);
  if (setup) take_jobs(setup->config, site);
  if (diagnostics.ok()) catalog::check(loaded, site, diagnostics);
  fmt::print(stderr, "{}", diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  std::vector<std::filesystem::path> touched;
  try {
    touched =
        catalog::write_artefacts(catalog::render(loaded, site), options.out, options.check_only);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return kFailed;
  }
  std::string out;
  for (const auto& path : touched) {
    out += fmt::format("{}{}\n", options.check_only ? "stale: " : "wrote ", path.string());
  }
  if (touched.empty()) out = "everything is current\n";
  if (!print_out(out)) return kFailed;
  return options.check_only && !touched.empty() ? kFailed : kFine;
}

}  // namespace basewatch::commands
