#include "agent/commands/reloader.h"

#include <doctest/doctest.h>
#include <prometheus/registry.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "agent/base/fake_clock.h"
#include "agent/commands/node_name.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

// An agent without its server: a configuration file, an engine, and the reloader between them.
struct World {
  std::filesystem::path folder;
  FakeClock clock;
  std::string lines;
  Log log{clock, LogLevel::info,
          [](void* to, std::string_view line) { *static_cast<std::string*>(to) += line; }, &lines};
  Self self;
  scrape::Engine engine{Clock::system(), log, "unset"};
  std::unique_ptr<Reloader> reloader;

  explicit World(const std::string& text) {
    std::string name = "/tmp/basewatch-reload-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    folder = name;
    write(text);
    reloader = std::make_unique<Reloader>(path(), builtin_plugins(), engine, clock, log, self);
    Diagnostics diagnostics;
    auto setup = make_setup(path(), builtin_plugins(), diagnostics);
    REQUIRE(diagnostics.text() == "");
    REQUIRE(reloader->start(std::move(setup)) == "");
  }
  ~World() { std::filesystem::remove_all(folder); }

  std::string path() const { return folder / "c.yml"; }
  void write(const std::string& text, const std::string& name = "c.yml") const {
    std::ofstream(folder / name) << text;
  }
  std::string reload(const std::string& text) {
    write(text);
    lines.clear();
    auto wrong = reloader->reload();
    if (const auto at = wrong.find(folder.string()); at != std::string::npos) {
      wrong.erase(at, folder.string().size() + 1);
    }
    return wrong;
  }
  double gauge(const std::string& name) const {
    for (const auto& family : self.registry()->Collect()) {
      if (family.name == name) return family.metric.at(0).gauge.value;
    }
    return -1;
  }
  bool logged(std::string_view text) const { return lines.find(text) != std::string::npos; }
  std::string instances() const {
    std::string out;
    for (const auto& target : engine.targets()) {
      out += target.exporter + "/" + target.name + "=" + target.target->pairs().at(1).second + " ";
    }
    return out;
  }
};

constexpr auto kOne = "version: 1\nnode: a\nexporters: {node: {}}\n";

}  // namespace

TEST_CASE("a good configuration is taken over, and says what changed") {
  World world(kOne);
  CHECK(world.instances() == "node/main=a agent/main=a ");
  CHECK(world.gauge("basewatch_config_last_reload_successful") == 1);
  CHECK(world.reload(kOne) == "");
  CHECK(world.logged("nothing changed"));
  CHECK(world.reload("version: 1\nnode: b\nexporters: {node: {collectors: {cpu: false}}}\n") == "");
  CHECK(world.logged("changed node/main; node is now b"));
  CHECK(world.instances() == "node/main=b agent/main=b ");
  CHECK(world.reload("version: 1\nnode: b\nserver: {advertise: \"x:1\"}\nexporters: {}\n") == "");
  CHECK(world.logged("removed node/main; advertise is now x:1"));
  CHECK(world.instances() == "agent/main=b ");
  CHECK(
      world.reload("version: 1\nnode: b\nserver: {advertise: \"x:1\", allow: [127.0.0.1], limits: "
                   "{connections: 9}}\nexporters: {}\n") == "");
  CHECK(world.logged("changed server.limits; changed who may reach the server"));
  CHECK(world.reload("version: 1\nnode: b\n\nserver: {allow: [127.0.0.1/32], limits: {connections: "
                     "9}, advertise: \"x:1\"}\nexporters: {}\n") == "");
  CHECK(world.logged("nothing changed"));
}

TEST_CASE("what else takes a configuration over may refuse it, and hears of it in the end") {
  std::string heard;
  bool refuse = false;
  ReloadStep step{[&](const Setup&, Diagnostics& diagnostics) {
                    heard += "prepare ";
                    if (refuse) diagnostics.error({"c.yml", 2, 1}, "no");
                    return !refuse;
                  },
                  [&](const Setup&) { heard += "commit "; }};
  World world(kOne);
  Reloader reloader(world.path(), builtin_plugins(), world.engine, world.clock, world.log,
                    world.self, step);
  CHECK(reloader.start({}) == "");
  CHECK(reloader.reload() == "");
  CHECK(heard == "prepare commit prepare commit ");
  refuse = true;
  CHECK(reloader.reload() == "c.yml:2:1: error: no\n");
  refuse = false;
  world.write("version: 1\nexporters: {node: {collectors: {cpus: true}}}\n");
  CHECK(reloader.reload() != "");  // the engine refuses it
  CHECK(heard == "prepare commit prepare commit prepare prepare ");
}

TEST_CASE("with any error everything stays as it was") {
  World world(kOne);
  const auto before = world.gauge("basewatch_config_last_reload_success_timestamp_seconds");
  CHECK(before > 0);
  world.clock.advance(std::chrono::hours(1));
  struct Case {
    std::string text, error;
  };
  const Case cases[] = {
      {"version: 1\nnode: b\nexporters: {nodes: {}}\n",
       "c.yml:3:13: error: unknown key 'nodes' in exporters: did you mean 'node'?\n"},
      {"version: 1\nnode: b\nserver: {listen: \"127.0.0.1:1234\"}\n",
       "c.yml:3:18: error: server.listen changes from 127.0.0.1:9777 to 127.0.0.1:1234, which "
       "needs "
       "a restart: the whole reload is refused\n"},
      {"version: 1\nnode: b\nsite: nowhere.yml\n", ""},
      {"version: 1\nnode: b\nexporters: {node: {collectors: {cpus: true}}}\n", ""},
      {"version: [", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto wrong = world.reload(c.text);
    CHECK(wrong != "");
    if (!c.error.empty()) CHECK(wrong == c.error);
    CHECK(world.logged("reload refused: "));
    CHECK(world.gauge("basewatch_config_last_reload_successful") == 0);
    CHECK(world.gauge("basewatch_config_last_reload_success_timestamp_seconds") == before);
    CHECK(world.instances() == "node/main=a agent/main=a ");
  }
  CHECK(world.reload("version: 1\nexporters: {node: {collectors: {cpus: true}}}\n")
            .starts_with("c.yml:2:33: error: "));  // the engine's complaint has its place, too
  CHECK(world.reload(kOne) == "");
  CHECK(world.gauge("basewatch_config_last_reload_successful") == 1);
  CHECK(world.gauge("basewatch_config_last_reload_success_timestamp_seconds") == before + 3600);
}

TEST_CASE("a metric that the site declares anew reaches an instance that is otherwise unchanged") {
  World world(kOne);
  const auto site = [](const std::string& type) {
    return "version: 1\nmetrics:\n  - metric: my_orders_total\n    type: " + type +
           "\n    help: Orders placed.\n    from: textfile\n";
  };
  const std::string with_site = std::string(kOne) + "site: site.yml\n";
  world.write(site("counter"), "site.yml");
  CHECK(world.reload(with_site) == "");
  CHECK(world.logged("changed node/main"));
  CHECK(world.reload(with_site) == "");
  CHECK(world.logged("nothing changed"));
  world.write(site("gauge"), "site.yml");
  CHECK(world.reload(with_site) == "");
  CHECK(world.logged("changed node/main"));
  world.write(site("guage"), "site.yml");
  CHECK(world.reload(with_site).find("site.yml:4:11: error: ") != std::string::npos);
}

TEST_CASE("the node is called as its root file system says") {
  World world(kOne);
  std::filesystem::create_directories(world.folder / "root/etc");
  world.write("db-7\n", "root/etc/hostname");
  Diagnostics diagnostics;
  world.write("version: 1\nexporters: {node: {paths: {rootfs: root}}}\n");
  CHECK(make_setup(world.path(), builtin_plugins(), diagnostics).node == "db-7");
  CHECK(diagnostics.text() == "");
  world.write("0123456789ab\n", "root/etc/hostname");
  CHECK(make_setup(world.path(), builtin_plugins(), diagnostics).node == "0123456789ab");
  CHECK(diagnostics.ok());
  CHECK(diagnostics.text().find("looks like the id of a container") != std::string::npos);
  CHECK(looks_like_container_id(std::string(64, 'f')));
  CHECK(!looks_like_container_id("db-123456789"));
  CHECK(!looks_like_container_id("0123456789AB"));
  std::filesystem::remove(world.folder / "root/etc/hostname");
  Diagnostics again;
  CHECK(make_setup(world.path(), builtin_plugins(), again).node != "");
}

}  // namespace basewatch::commands
