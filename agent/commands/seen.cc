#include "agent/commands/seen.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "agent/base/strings.h"
#include "agent/base/thread.h"

namespace basewatch::commands {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);

}  // namespace

discover::Roots roots_of(const Setup& setup) {
  discover::Roots roots;
  for (const auto& plan : setup.plans) {
    if (!plan.plugin->host_wide) continue;
    const auto has = [&](std::string_view name) {
      return std::ranges::find(plan.plugin->options, name, &Option::name) !=
             plan.plugin->options.end();
    };
    if (has("paths.procfs")) roots.proc = plan.settings.text("paths.procfs");
    if (has("paths.rootfs")) roots.root = plan.settings.text("paths.rootfs");
  }
  return roots;
}

std::optional<discover::HostView> look_once(const Setup& setup) {
  const auto look = std::make_shared<std::promise<discover::HostView>>();
  auto view = look->get_future();
  start_thread("discover", [look, roots = roots_of(setup)] {
    look->set_value(discover::look(roots));
  }).detach();
  if (view.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return view.get();
}

std::string seen_text(const std::vector<discover::Seen>& seen) {
  if (seen.empty()) return {};
  std::string out = "seen on this host, not watched (nothing was connected to)\n";
  bool any_lines = false;
  for (const auto& one : seen) {
    out += fmt::format("  {:<20} {}. {}\n", one.title, printable(one.where), one.advice);
    any_lines = any_lines || !one.lines.empty();
    std::string_view rest = one.lines, line;
    while (next_line(rest, line)) out += fmt::format("      {}\n", line);
  }
  return out + (any_lines ? "  The lines go below `exporters:` of the configuration.\n" : "");
}

}  // namespace basewatch::commands
