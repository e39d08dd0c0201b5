#include <fmt/format.h>

#include <filesystem>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/trial.h"
#include "agent/plugin/builtin.h"
#include "agent/serve/listener.h"
#include "catalog/compiler/compiler.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

bool is_loopback(const std::string& host) {
  return host == "::1" || host == "localhost" || host.starts_with("127.");
}

void check_site(const std::string& path, Diagnostics& diagnostics) {
  auto loaded = catalog::load(catalog::embedded_files(), "catalog/", diagnostics);
  const auto site = catalog::load_site(catalog::embedded_files(), loaded, path, diagnostics);
  if (diagnostics.ok()) catalog::check(loaded, site, diagnostics);
}

std::string line_of(const CollectorResult& collector) {
  const auto what = fmt::format("  {:<20}", collector.collector);
  if (failed(collector)) {
    return fmt::format("{} FAILED  {}\n", what,
                       collector.reason.empty() ? "no result" : printable(collector.reason, 500));
  }
  if (collector.state == RunState::absent) {
    return fmt::format("{} absent  {}\n", what, printable(collector.reason, 500));
  }
  return fmt::format("{} ok      {} series in {:.3f} s\n", what, collector.series,
                     seconds(collector.duration));
}

std::string modules_report(const Setup& setup) {
  std::string out;
  for (const auto* module : setup.modules.loaded) {
    const auto name = std::filesystem::path(module->file).filename().string();
    out += fmt::format("  {:<20} ok      exporter {}\n", printable(name), module->plugin->name);
  }
  for (const auto& problem : setup.modules.refused)
    out += fmt::format("  FAILED  {}\n", problem.text);
  return out.empty() ? out : "modules\n" + out;
}

std::string report(const std::vector<scrape::InstanceResult>& results) {
  std::string out;
  std::size_t bad = 0, instances = 0;
  for (const auto& result : results) {
    if (result.exporter == "agent") continue;
    ++instances;
    out += fmt::format("{}/{}\n", result.exporter, result.name);
    for (const auto& collector : result.collectors) {
      out += line_of(collector);
      if (failed(collector)) ++bad;
    }
  }
  return out + (bad == 0 ? fmt::format("{} {}\n", instances,
                                       instances == 1 ? "instance works" : "instances work")
                         : fmt::format("{} collectors FAILED\n", bad));
}

}  // namespace

int check(const std::string& config_path) {
  Diagnostics diagnostics;
  const auto setup = make_setup(config_path, builtin_plugins(), diagnostics);
  if (diagnostics.ok() && !setup.config.site.empty()) check_site(setup.config.site, diagnostics);
  const auto& server = setup.config.server;
  if (diagnostics.ok() && !is_loopback(server.host)) {
    diagnostics.warning(setup.config.server_where,
                        fmt::format("{} can be reached from other machines, and whoever reaches it "
                                    "reads every metric: listen on 127.0.0.1, or keep others out "
                                    "by a firewall",
                                    serve::address_text(server.host, server.port)));
  }
  Trial trial(setup, LogLevel::error);
  if (diagnostics.ok()) trial.start(setup, diagnostics);
  const auto refused = setup.refused_modules();
  fmt::print(stderr, "{}{}{}", refused.text(), setup.module_notes().text(), diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  const auto results = trial.scrape();
  if (!print_out(modules_report(setup) + report(results))) return kFailed;
  return refused.ok() && status_of(results) == kFine ? kFine : kFailed;
}

}  // namespace basewatch::commands
