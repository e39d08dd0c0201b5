#include "agent/commands/node_flags.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"
#include "agent/config/config.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

const Plugin& node_plugin() {
  const auto plugins = builtin_plugins();
  return **std::ranges::find(plugins, "node", [](const Plugin* p) { return p->name; });
}

NodeConfiguration translated(std::vector<std::string> arguments) {
  return translate_node_flags(arguments, "/home/me", node_plugin());
}

// Options that node_exporter does not have.
constexpr std::string_view kOurs[] = {"collectors.logind.address", "collectors.systemd.address"};

// The configuration read back, as the agent would read it.
config::Config read_back(const std::vector<std::string>& arguments) {
  const auto result = translated(arguments);
  CHECK_MESSAGE(result.errors.empty(), join(result.errors, "\n"));
  Diagnostics diagnostics;
  auto config = config::load_text(
      result.yaml, "/etc/basewatch.yml", builtin_plugins(),
      [](const std::string&) { return std::nullopt; }, diagnostics);
  CHECK_MESSAGE(diagnostics.ok(), diagnostics.text());
  REQUIRE(config.instances.size() == 1);
  return config;
}

std::string error_of(std::vector<std::string> arguments) {
  const auto result = translated(std::move(arguments));
  CHECK(result.yaml.empty());
  return join(result.errors, "\n");
}

bool has_note(const NodeConfiguration& result, std::string_view text) {
  return std::ranges::any_of(result.notes,
                             [&](const std::string& note) { return note.find(text) != note.npos; });
}

}  // namespace

TEST_CASE("node-flags: no flags are node_exporter's defaults") {
  const auto config = read_back({});
  CHECK(config.server.host.empty());
  CHECK(config.server.port == 9100);
  const auto& instance = config.instances.front();
  const auto exporter = node_plugin().create(Settings::make(node_plugin().options));
  for (const auto& collector : exporter->collectors()) {
    const auto chosen = instance.switches.find(std::string(collector.name));
    REQUIRE(chosen != instance.switches.end());
    CHECK(chosen->second == collector.on_by_default);
  }
}

TEST_CASE("node-flags: what is written comes back, whatever is in it") {
  const std::string odd = "^a$$b${HOME}\"\\d'#: \x7f$";
  const auto config =
      read_back({"/usr/bin/node_exporter", "--path.procfs", "/host/proc", "--path.rootfs=host",
                 "--collector.disable-defaults", "--collector.cpu", "--collector.netdev",
                 "--collector.stat", "--no-collector.stat.softirq", "--no-collector.cpu.guest",
                 "--collector.cpu.info", "--collector.netdev.device-blacklist=" + odd,
                 "--collector.textfile.directory=a/*", "--collector.textfile.directory", "/b,c",
                 "--collector.filesystem.mount-timeout=1m30s", "--web.listen-address=[::1]:9200"});
  CHECK(config.server.host == "::1");
  CHECK(config.server.port == 9200);
  const auto& instance = config.instances.front();
  for (const auto& [collector, is_on] : instance.switches) {
    CHECK(is_on == (collector == "cpu" || collector == "netdev" || collector == "stat"));
  }
  const auto& settings = instance.settings;
  CHECK(settings.text("paths.procfs") == "/host/proc");
  CHECK(settings.text("paths.rootfs") == "/home/me/host");
  CHECK(settings.text("paths.sysfs") == "/sys");
  CHECK(settings.text("collectors.netdev.device_exclude") == odd);
  CHECK(settings.flag("collectors.cpu.info"));
  CHECK(!settings.flag("collectors.cpu.guest"));
  CHECK(settings.texts("collectors.textfile.directory") ==
        std::vector<std::string>{"/home/me/a/*", "/b,c"});
  CHECK(settings.duration("collectors.filesystem.mount_timeout") == std::chrono::seconds(90));
}

TEST_CASE("node-flags: what has no counterpart is said, and protection is not lost") {
  const auto result = translated({"--web.config.file=web.yml", "--web.max-requests=5",
                                  "--log.level=debug", "--collector.perf", "--no-collector.ntp"});
  for (const auto* text : {"--web.max-requests: ", "--log.level: ", "--web.config.file: ",
                           "perf is not in basewatch"}) {
    CHECK_MESSAGE(has_note(result, text), text);
    CHECK(result.yaml.find(text) != std::string::npos);
  }
  CHECK(!has_note(result, "ntp"));
  CHECK(read_back({"--web.config.file=web.yml"}).server.host == "127.0.0.1");
  CHECK(has_note(translated({"--web.listen-address=:1", "--web.listen-address=:2"}), ":2: "));
}

TEST_CASE("node-flags: what node_exporter would refuse") {
  CHECK(error_of({"--collector.netdev.device-includ=x"}) ==
        "node_exporter has no flag '--collector.netdev.device-includ': did you mean "
        "'--collector.netdev.device-include'?");
  CHECK(error_of({"--collector.cpuu"}).ends_with("did you mean '--collector.cpu'?"));
  CHECK(error_of({"--path.procfs"}) == "--path.procfs needs a value");
  CHECK(error_of({"--path.procfs", "--collector.cpu"}) == "--path.procfs needs a value");
  CHECK(error_of({"--no-path.procfs"}) ==
        "--path.procfs needs a value: there is no --no-path.procfs");
  CHECK(error_of({"--collector.cpu=yes"}).starts_with("--collector.cpu takes no value"));
  CHECK(error_of({"--collector.cpu", "--no-collector.cpu"}) == "--collector.cpu is given twice");
  CHECK(error_of({"--path.procfs=a", "--path.procfs=b"}) == "--path.procfs is given twice");
  CHECK(error_of({"--collector.cpu", "serve"}) == "'serve' is no flag of node_exporter");
  CHECK(
      error_of({"--collector.netdev.device-exclude=a", "--collector.netdev.device-blacklist=b"}) ==
      "--collector.netdev.device-exclude and --collector.netdev.device-blacklist are the same "
      "option: write one of them");
  CHECK(error_of({"--collector.vmstat.fields=("})
            .starts_with("--collector.vmstat.fields: 'fields' is no regular expression"));
  CHECK(error_of({"--collector.netdev.device-exclude=a", "--collector.netdev.device-include=b"})
            .find("exclude each other") != std::string::npos);
  CHECK(error_of({"--collector.filesystem.mount-timeout=3.5s"}).find("is no duration") !=
        std::string::npos);
}

TEST_CASE("node-flags: the collectors that are left out are those that the handbook names") {
  const auto exporter = node_plugin().create(Settings::make(node_plugin().options));
  std::set<std::string_view> missing(node_collectors().begin(), node_collectors().end());
  for (const auto& collector : exporter->collectors()) missing.erase(collector.name);
  CHECK(missing == std::set<std::string_view>{"drm", "ntp", "perf", "runit", "supervisord"});
}

TEST_CASE("node-flags: every option of the collectors that node_exporter has can be reached") {
  std::set<std::string_view> reached;
  for (const auto& row : node_flags()) reached.insert(row.option);
  // node_exporter takes these from the environment.
  reached.insert({"collectors.logind.address", "collectors.systemd.address"});
  for (const auto& option : node_plugin().options) {
    if (std::ranges::find(kOurs, option.name) != std::end(kOurs)) continue;
    CHECK_MESSAGE(reached.contains(option.name), option.name);
  }
  for (const auto& row : node_flags()) {
    if (row.option.empty()) continue;
    const auto option = std::ranges::find(node_plugin().options, row.option, &Option::name);
    REQUIRE_MESSAGE(option != node_plugin().options.end(), row.option);
    CHECK_MESSAGE((option->type == OptionType::flag) == (row.kind == FlagKind::flag), row.name);
  }
}

}  // namespace basewatch::commands
