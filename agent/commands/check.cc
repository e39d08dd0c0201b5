#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/strings.h"
#include "agent/commands/access_keeper.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/rights.h"
#include "agent/commands/seen.h"
#include "agent/commands/trial.h"
#include "agent/plugin/builtin.h"
#include "agent/status/remedy.h"
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
  const auto what = fmt::format("  {:<26}", collector.collector);
  if (collector.state == RunState::absent) {
    return fmt::format("{} absent  {}\n", what, printable(collector.reason, 500));
  }
  return fmt::format("{} ok      {} series in {:.3f} s\n", what, collector.series,
                     seconds(collector.duration));
}

// Collectors that fail for one reason, such as a server that is down, are one line.
std::string failure_of(std::string_view exporter, const CollectorResult& first, std::size_t count) {
  const auto reason = status::without_secrets(printable(first.reason, 500));
  return fmt::format(
      "  {:<26} FAILED  {}\n{:28} what to do: {}\n",
      count == 1 ? std::string(first.collector) : fmt::format("{} collectors", count),
      reason.empty() ? "no result" : reason, "",
      status::remedy(exporter, first.collector, first.state, first.reason));
}

std::string collectors_of(const scrape::InstanceResult& result) {
  const auto& all = result.collectors;
  std::string out;
  for (auto it = all.begin(); it != all.end(); ++it) {
    const auto alike = [&](const CollectorResult& other) {
      return failed(other) && other.reason == it->reason;
    };
    if (!failed(*it)) {
      out += line_of(*it);
    } else if (std::find_if(all.begin(), it, alike) == it) {
      out += failure_of(result.exporter, *it,
                        static_cast<std::size_t>(std::count_if(it, all.end(), alike)));
    }
  }
  return out;
}

std::string modules_report(const Setup& setup) {
  std::string out;
  for (const auto* module : setup.modules.loaded) {
    const auto name = std::filesystem::path(module->file).filename().string();
    out += fmt::format("  {:<20} ok      exporter {}\n", printable(name), module->plugin->name);
  }
  for (const auto& problem : setup.modules.refused) {
    out += fmt::format("  FAILED  {}\n", problem.text);
  }
  return out.empty() ? out : "modules\n" + out;
}

std::string notes_of(const scrape::InstanceResult& result,
                     const std::vector<scrape::InstanceStatus>& statuses) {
  std::string out;
  for (const auto& one : statuses) {
    if (one.exporter != result.exporter || one.name != result.name) continue;
    for (const auto& [topic, text] : one.notes) {
      // What a failure says already is not said twice.
      if (std::ranges::find(result.collectors, text, &CollectorResult::reason) !=
          result.collectors.end()) {
        continue;
      }
      out += fmt::format("  {:<26} note    {}\n", topic,
                         status::without_secrets(printable(text, 500)));
      const auto remedy = status::remedy_for_note(one.exporter, topic, text);
      if (!remedy.empty()) out += fmt::format("{:28} what to do: {}\n", "", remedy);
    }
  }
  return out;
}

std::string report(const std::vector<scrape::InstanceResult>& results,
                   const std::vector<scrape::InstanceStatus>& statuses) {
  std::string out;
  for (const auto& result : results) {
    if (result.exporter == "agent") continue;
    out += fmt::format("{}/{}\n", result.exporter, result.name);
    out += collectors_of(result);
    out += notes_of(result, statuses);
  }
  return out;
}

std::string verdict(const std::vector<scrape::InstanceResult>& results) {
  std::size_t bad = 0, instances = 0;
  for (const auto& result : results) {
    if (result.exporter == "agent") continue;
    ++instances;
    bad += static_cast<std::size_t>(std::ranges::count_if(result.collectors, failed));
  }
  if (bad > 0) return fmt::format("{} {} FAILED\n", bad, bad == 1 ? "collector" : "collectors");
  return fmt::format("{} {}\n", instances, instances == 1 ? "instance works" : "instances work");
}

// What the agent may not see, as whom it was tried, and what would help.
std::string rights_text(const std::vector<scrape::InstanceResult>& results,
                        const std::optional<discover::HostView>& view) {
  const auto rights = Rights::of_this_process();
  auto lines = closed_to_us(results);
  if (view && view->closed > 0) {
    lines.push_back(
        fmt::format("which sockets belong to {} of the processes below is not to be seen, "
                    "so their ports are guessed; what helps: the capability "
                    "CAP_SYS_PTRACE",
                    view->closed));
  }
  if (view && view->hides_processes) {
    lines.emplace_back(
        "procfs shows only our own processes; what helps: its mount option gid= with a "
        "group of ours, or the capability CAP_SYS_PTRACE");
  }
  if (rights.user == 0) {
    return "rights: checked as root, who may read everything; the agent's own user may read less: "
           "run "
           "the check as that user\n";
  }
  std::string out = fmt::format("rights: checked as the user with the id {}{}\n", rights.user,
                                lines.empty() ? "; nothing is missing" : "");
  for (const auto& line : lines) out += fmt::format("  {}\n", line);
  if (!lines.empty()) {
    out +=
        "  Capabilities go into the agent's unit as AmbientCapabilities=, groups as "
        "SupplementaryGroups=.\n";
  }
  return out;
}

}  // namespace

int check(const std::string& config_path) {
  Diagnostics diagnostics;
  const auto setup = make_setup(config_path, builtin_plugins(), diagnostics);
  if (diagnostics.ok() && !setup.config.site.empty()) check_site(setup.config.site, diagnostics);
  const auto server = check_server(setup.config.server, diagnostics);
  Trial trial(setup, LogLevel::error);
  if (diagnostics.ok()) trial.start(setup, diagnostics);
  const auto refused = setup.refused_modules();
  fmt::print(stderr, "{}{}{}", refused.text(), setup.module_notes().text(), diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  const auto results = trial.scrape();
  const auto view = look_once(setup);
  auto out = server.text + modules_report(setup) + report(results, trial.snapshot()) +
             rights_text(results, view);
  if (view) {
    out += seen_text(discover::unwatched(*view, builtin_plugins(), configured_of(setup)));
  } else {
    out += "what else runs on this host could not be found out within two seconds\n";
  }
  if (!print_out(out + verdict(results))) return kFailed;
  return server.fine && refused.ok() && status_of(results) == kFine ? kFine : kFailed;
}

}  // namespace basewatch::commands
