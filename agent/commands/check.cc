#include <fmt/format.h>

#include "agent/base/strings.h"
#include "agent/commands/access_keeper.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/trial.h"
#include "agent/plugin/builtin.h"
#include "catalog/compiler/compiler.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

void check_site(const std::string& path, Diagnostics& diagnostics) {
  auto loaded = catalog::load(catalog::embedded_files(), "catalog/", diagnostics);
  const auto site = catalog::load_site(catalog::embedded_files(), loaded, path, diagnostics);
  if (diagnostics.ok()) catalog::check(loaded, site, diagnostics);
}

struct ServerReport {
  std::string text;
  bool fine = true;
};

// The certificate is tried like everything else; what is wrong with the other settings is a
// diagnostic.
ServerReport check_server(const config::Server& server, Diagnostics& diagnostics) {
  if (!diagnostics.ok()) return {};
  warn_of_open_door(server, diagnostics);
  const auto now = Clock::system().wall_now();
  const auto access = serve::Access::make(server.access, now, diagnostics);
  if (!access || !access->certificate()) return {};
  const auto& certificate = *access->certificate();
  const bool fine = certificate.from <= now && now < certificate.until;
  return {fmt::format("server\n  {:<20} {}  for {}, valid until {}\n", "certificate",
                      fine ? "ok    " : "FAILED", certificate.names, format_utc(certificate.until)),
          fine};
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
  const auto server = check_server(setup.config.server, diagnostics);
  Trial trial(setup, LogLevel::error);
  if (diagnostics.ok()) trial.start(setup, diagnostics);
  fmt::print(stderr, "{}", diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  const auto results = trial.scrape();
  if (!print_out(server.text + report(results))) return kFailed;
  return server.fine && status_of(results) == kFine ? kFine : kFailed;
}

}  // namespace basewatch::commands
