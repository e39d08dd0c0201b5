#include "agent/commands/setup.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/base/strings.h"
#include "agent/commands/node_name.h"
#include "agent/commands/site.h"

namespace basewatch::commands {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const auto* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
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
  out.config = path.empty() ? config::defaults(plugins)
                            : config::load(path, plugins, environment, diagnostics);
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
    out.plans.push_back(to_plan(instance, site ? &*site : nullptr));
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
