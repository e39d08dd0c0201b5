#include "agent/commands/setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/base/strings.h"
#include "agent/commands/node_name.h"
#include "agent/commands/site.h"
#include "agent/modules/guard.h"

namespace basewatch::commands {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const auto* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

// The built-in exporters and those of the modules.
config::Offer offer_of(const std::vector<config::ModuleFolder>& folders,
                       std::span<const Plugin* const> plugins, modules::Look& found) {
  std::vector<std::string> paths;
  for (const auto& folder : folders) paths.push_back(folder.path);
  found = modules::look(paths, plugins);
  config::Offer out{{plugins.begin(), plugins.end()}, found.refused.empty()};
  for (const auto* module : found.loaded) out.plugins.push_back(module->plugin);
  return out;
}

// An exporter of a module may be defective where ours is not.
void guard(scrape::InstancePlan& plan, const modules::Look& found) {
  const auto module = std::ranges::find(found.loaded, plan.plugin, &modules::Module::plugin);
  if (module == found.loaded.end()) return;
  std::vector<std::string> names;
  for (const auto& [name, on] : plan.switches) names.push_back(name);
  for (const auto& [name, interval] : plan.intervals) names.push_back(name);
  plan.create = modules::guarded_create(**module, std::move(names));
  if (const auto failed = modules::failed_creates(**module)) {  // so that a reload tries again
    plan.settings.set_fingerprint(
        fmt::format("{}\nfailed {}", plan.settings.fingerprint(), failed));
  }
}

scrape::InstancePlan to_plan(const config::Instance& instance, const SiteFile* site) {
  scrape::InstancePlan plan;
  plan.plugin = instance.plugin;
  plan.name = instance.name;
  plan.job = instance.job;
  plan.labels.assign(instance.labels.begin(), instance.labels.end());
  plan.timeout = instance.timeout;
  plan.max_series = instance.max_series;
  plan.switches = instance.switches;
  plan.intervals = instance.intervals;
  plan.settings = instance.settings;
  if (site) {  // a metric that is declared anew must reach an instance that is otherwise unchanged
    plan.settings.set_declarations(site->declarations);
    plan.settings.set_fingerprint(instance.settings.fingerprint() + "\n" + site->fingerprint);
  }
  return plan;
}

}  // namespace

Diagnostics Setup::refused_modules() const {
  Diagnostics out;
  for (const auto& problem : modules.refused) {
    out.error(config.modules.at(problem.folder).where, problem.text);
  }
  return out;
}

Diagnostics Setup::module_notes() const {
  Diagnostics out;
  for (const auto& problem : modules.notes) {
    out.warning(config.modules.at(problem.folder).where, problem.text);
  }
  return out;
}

Location Setup::place_of(const scrape::PlanError& error) const {
  for (const auto& instance : config.instances) {
    if (instance.plugin->name != error.exporter || instance.name != error.name) continue;
    const auto found = instance.places.find(error.option());
    return found == instance.places.end() ? instance.where : found->second;
  }
  return {};
}

Setup make_setup(const std::string& path, std::span<const Plugin* const> plugins,
                 Diagnostics& diagnostics) {
  Setup out;
  out.config =
      path.empty()
          ? config::defaults(plugins)
          : config::load(
                path, [&](const auto& folders) { return offer_of(folders, plugins, out.modules); },
                environment, diagnostics);
  if (!diagnostics.ok()) return out;
  std::optional<SiteFile> site;
  if (!out.config.site.empty()) site = load_site_file(out.config.site, diagnostics);
  out.node = out.config.node.empty() ? find_node_name(out.config) : out.config.node;
  if (out.config.node.empty() && looks_like_container_id(out.node)) {
    diagnostics.warning(out.config.node_where,
                        fmt::format("the node is called '{}', which looks like the id of a "
                                    "container: write the host's name as node:",
                                    out.node));
  }
  for (const auto& instance : out.config.instances) {
    guard(out.plans.emplace_back(to_plan(instance, site ? &*site : nullptr)), out.modules);
  }
  return out;
}

std::vector<discover::Configured> configured_of(const Setup& setup) {
  std::vector<discover::Configured> out;
  for (const auto& plan : setup.plans) {
    out.push_back(discover::configured(plan.plugin->name, plan.settings, plan.plugin->options));
  }
  return out;
}

bool apply(scrape::Engine& engine, const Setup& setup, Diagnostics& diagnostics) {
  try {
    engine.apply(setup.plans, setup.node);
    return true;
  } catch (const scrape::PlanErrors& errors) {
    for (const auto& error : errors.all) diagnostics.error(setup.place_of(error), error.what());
  } catch (const std::exception& error) {
    diagnostics.error({}, printable(error.what(), 1000));
  }
  return false;
}

}  // namespace basewatch::commands
