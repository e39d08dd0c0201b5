#include "agent/commands/reloader.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <filesystem>
#include <map>

#include "agent/base/strings.h"
#include "agent/serve/listener.h"
#include "metrics/agent.h"

namespace basewatch::commands {
namespace {

std::map<std::string, const scrape::InstancePlan*> by_name(const Setup& setup) {
  std::map<std::string, const scrape::InstancePlan*> out;
  for (const auto& plan : setup.plans) {
    out[fmt::format("{}/{}", plan.plugin->name, plan.name)] = &plan;
  }
  return out;
}

void add_part(std::string& out, std::string_view verb, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out += fmt::format("{}{} {}", out.empty() ? "" : "; ", verb, join(names, ", "));
}

}  // namespace

std::string difference(const Setup& before, const Setup& after) {
  const auto old_plans = by_name(before), new_plans = by_name(after);
  std::vector<std::string> added, removed, changed;
  for (const auto& [name, plan] : new_plans) {
    const auto old = old_plans.find(name);
    if (old == old_plans.end()) {
      added.push_back(name);
    } else if (!(old->second->settings == plan->settings)) {
      changed.push_back(name);
    }
  }
  for (const auto& [name, plan] : old_plans) {
    if (!new_plans.contains(name)) removed.push_back(name);
  }
  std::string out;
  add_part(out, "added", added);
  add_part(out, "removed", removed);
  add_part(out, "changed", changed);
  if (before.node != after.node) add_part(out, "node is now", {after.node});
  if (before.config.server.advertise != after.config.server.advertise) {
    add_part(out, "advertise is now", {after.config.server.advertise});
  }
  const auto &old_server = before.config.server, &new_server = after.config.server;
  if (old_server.limits != new_server.limits) add_part(out, "changed", {"server.limits"});
  if (old_server.access != new_server.access) {
    add_part(out, "changed", {"who may reach the server"});
  }
  if (old_server.openmetrics != new_server.openmetrics) {
    add_part(out, "openmetrics is now", {new_server.openmetrics ? "on" : "off"});
  }
  return out;
}

Reloader::Reloader(std::string path, std::span<const Plugin* const> plugins, scrape::Engine& engine,
                   Clock& clock, Log& log, Self& self, ReloadStep step)
    : path_(std::move(path)),
      plugins_(plugins),
      engine_(engine),
      clock_(clock),
      log_(log),
      step_(std::move(step)),
      successful_(self.gauge(metrics::agent::config_last_reload_successful.spec())),
      succeeded_at_(
          self.gauge(metrics::agent::config_last_reload_success_timestamp_seconds.spec())),
      successes_(self.counter(metrics::agent::config_reloads_total.spec(), {"success"})),
      failures_(self.counter(metrics::agent::config_reloads_total.spec(), {"failure"})),
      modules_loaded_(self.gauge(metrics::agent::modules.spec(), {"loaded"})),
      modules_refused_(self.gauge(metrics::agent::modules.spec(), {"refused"})) {
  standing_.config.path = shown_path();
}

std::string Reloader::start(Setup setup, const Diagnostics& warnings) {
  Diagnostics diagnostics;
  std::lock_guard guard(mutex_);
  if (!take(setup, diagnostics)) return diagnostics.text();
  auto all = warnings;
  for (const auto& warning : diagnostics.sorted()) {
    log_.warning("config", "{}", warning.text());
    all.warning(warning.where, warning.message);
  }
  current_ = std::move(setup);
  tell_modules(current_);
  succeed(current_, all);
  return {};
}

std::string Reloader::reload() {
  std::lock_guard guard(mutex_);
  Diagnostics diagnostics;
  auto next = make_setup(path_, plugins_, diagnostics);
  if (diagnostics.ok()) refuse_restarts(next, diagnostics);
  if (!diagnostics.ok() || !take(next, diagnostics)) return fail(diagnostics);
  for (const auto& warning : diagnostics.sorted()) log_.warning("config", "{}", warning.text());
  const auto changes = difference(current_, next);
  log_.info("config", "reloaded {}: {}", path_, changes.empty() ? "nothing changed" : changes);
  current_ = std::move(next);
  tell_modules(current_);
  successes_.Increment();
  succeed(current_, diagnostics);
  return {};
}

bool Reloader::take(const Setup& next, Diagnostics& diagnostics) {
  if (step_.prepare && !step_.prepare(next, diagnostics)) return false;
  if (!apply(engine_, next, diagnostics)) return false;
  if (step_.commit) step_.commit(next);
  return true;
}

// A refused module stops nothing, so it has to be loud: in the log, in a metric, on the status
// page.
void Reloader::tell_modules(const Setup& setup) {
  const auto refused = setup.refused_modules();
  for (const auto& one : refused.sorted()) log_.error("modules", "{}", one.text());
  for (const auto& one : setup.module_notes().sorted()) log_.warning("modules", "{}", one.text());
  modules_loaded_.Set(static_cast<double>(setup.modules.loaded.size()));
  modules_refused_.Set(static_cast<double>(setup.modules.refused.size()));
  engine_.note_own("modules", refused.text());
}

void Reloader::refuse_restarts(const Setup& next, Diagnostics& diagnostics) const {
  const auto &before = current_.config.server, &after = next.config.server;
  if (before.host == after.host && before.port == after.port) return;
  diagnostics.error(next.config.server.listen_where,
                    fmt::format("server.listen changes from {} to {}, which needs a restart: the "
                                "whole reload is refused",
                                serve::address_text(before.host, before.port),
                                serve::address_text(after.host, after.port)));
}

std::string Reloader::fail(const Diagnostics& diagnostics) {
  successful_.Set(0);
  failures_.Increment();
  std::vector<std::string> errors;
  for (const auto& one : diagnostics.sorted()) {
    log_.error("config", "reload refused: {}", one.text());
    if (one.severity == Severity::error) errors.push_back(one.text());
  }
  std::lock_guard guard(standing_mutex_);
  standing_.config.tried = clock_.wall_now();
  standing_.config.errors = std::move(errors);
  return diagnostics.text();
}

void Reloader::succeed(const Setup& setup, const Diagnostics& warnings) {
  const auto now = clock_.wall_now();
  successful_.Set(1);
  succeeded_at_.Set(unix_seconds(now));
  Standing standing{setup.node, {shown_path(), now, now, {}, {}}, configured_of(setup)};
  for (const auto& one : warnings.sorted()) standing.config.warnings.push_back(one.text());
  std::lock_guard guard(standing_mutex_);
  standing_ = std::move(standing);
}

// As a person finds it, wherever the agent was started.
std::string Reloader::shown_path() const {
  std::error_code error;
  const auto path =
      path_.empty() ? std::filesystem::path() : std::filesystem::absolute(path_, error);
  return error ? path_ : path.lexically_normal().string();
}

Reloader::Standing Reloader::standing() const {
  std::lock_guard guard(standing_mutex_);
  return standing_;
}

}  // namespace basewatch::commands
