#include "agent/commands/seen.h"

#include <doctest/doctest.h>

#include "agent/config/config.h"
#include "agent/discover/services.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

// A host on which one of everything runs that there is something to say about.
discover::HostView busy_host() {
  discover::HostView view;
  int pid = 10;
  for (const auto& service : discover::services()) {
    for (const auto path : service.paths) view.paths.insert(std::string(path));
    if (service.processes.empty()) continue;
    discover::Process process;
    process.pid = pid++;
    process.name = service.processes.front();
    process.owned = true;
    if (!service.ports.empty()) process.listeners = {{"127.0.0.1", service.ports.front(), 1}};
    view.processes.push_back(std::move(process));
  }
  return view;
}

std::string errors_in(const std::string& yaml) {
  Diagnostics diagnostics;
  config::load_text(
      yaml, "c.yml", builtin_plugins(), [](const std::string&) { return std::nullopt; },
      diagnostics);
  return diagnostics.text();
}

}  // namespace

TEST_CASE("every line that is suggested is a configuration that this binary accepts") {
  const auto seen = discover::unwatched(busy_host(), builtin_plugins(), {});
  std::size_t suggested = 0;
  for (const auto& one : seen) {
    if (one.lines.empty()) continue;
    ++suggested;
    CHECK(errors_in("version: 1\nexporters:\n" + one.lines) == "");
    CHECK(errors_in("version: 1\nexporters: {" + one.one_line + "}\n") == "");
  }
  CHECK(suggested > 0);
  CHECK(seen.size() >= discover::services().size() - 1);  // Podman is Docker's by another path
}

TEST_CASE("what was seen reads well on a terminal") {
  CHECK(seen_text({}) == "");
  CHECK(seen_text({{"redis", "Redis", "listens on 127.0.0.1:6379", "Add these lines.",
                    "  redis:\n    - name: main\n", ""}}) ==
        "seen on this host, not watched (nothing was connected to)\n"
        "  Redis                listens on 127.0.0.1:6379. Add these lines.\n"
        "        redis:\n"
        "          - name: main\n"
        "  The lines go below `exporters:` of the configuration.\n");
}

}  // namespace basewatch::commands
