#include "agent/config/config.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/config/listen.h"
#include "agent/config/secret_file.h"
#include "tests/unit/config/fixture.h"

using namespace std::chrono_literals;

namespace basewatch::config {
namespace {

struct TempFolder {
  std::filesystem::path path;
  TempFolder() {
    std::string name = "/tmp/basewatch-config-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
};

}  // namespace

TEST_CASE("the folders of modules are known before the exporters are read") {
  const TempFolder folder;
  Diagnostics diagnostics;
  const auto read = [&](std::string_view text, bool complete) {
    diagnostics = {};
    return load(
        folder.write("c.yml", text),
        [&](const std::vector<ModuleFolder>& folders) {
          Offer offer{{&kNode}, complete};
          if (folders.size() == 2) offer.plugins.push_back(&kPostgres);
          return offer;
        },
        environment, diagnostics);
  };
  auto config = read("version: 1\nexporters: {postgres: {dsn: x}}\nmodules: [own, /abs]\n", true);
  CHECK(diagnostics.text() == "");
  REQUIRE(config.instances.size() == 1);
  CHECK(config.instances[0].plugin == &kPostgres);
  CHECK(config.modules[0].path == folder.path / "own");
  CHECK(config.modules[1].path == "/abs");
  CHECK(config.modules[1].where.column == 16);
  CHECK(read("version: 1\nmodules: one\n", true).modules.size() == 1);

  // A name that nobody offers is an error, but where it may be a refused module's.
  read("version: 1\nmodules: one\nexporters: {nodes: {}, node: {}}\n", true);
  CHECK(!diagnostics.ok());
  config = read("version: 1\nmodules: one\nexporters: {nodes: {}, node: {}}\n", false);
  CHECK(diagnostics.ok());
  CHECK(diagnostics.text().find("c.yml:3:13: warning: there is no exporter 'nodes'; it may be that "
                                "of a module that was refused") != std::string::npos);
  CHECK(config.instances.size() == 1);
  for (const auto* bad : {"modules: {a: b}", "modules: ['']", "modules: [[a]]"}) {
    read(std::string("version: 1\n") + bad + "\n", true);
    CHECK_MESSAGE(!diagnostics.ok(), bad);
  }
}

TEST_CASE("a full configuration becomes structs") {
  const Loaded loaded(R"(
version: 1
node: db-1
server: {listen: "[::1]:9999", advertise: "db-1.example.org:9777"}
exporters:
  node:
    paths: {procfs: host/proc}
    collectors: {wifi: true, arp: false, netdev: {device_include: "^eth$", every: 1m}}
  postgres:
    - name: main
      dsn: host=127.0.0.1
      password: secret
      connections: 5
      databases: [a, b]
      wait: 2s
      mode: fast
      labels: {tier: prod}
      job: pg
      timeout: 3s
      max_series: 1000
      tls: {key: k}
    - {name: replica, databases: one}
site: site.yml
)",
                      "/etc/basewatch/basewatch.yml");
  REQUIRE(loaded.diagnostics.text() == "");
  const auto& config = loaded.config;
  CHECK(config.node == "db-1");
  CHECK(config.server.host == "::1");
  CHECK(config.server.port == 9999);
  CHECK(config.server.advertise == "db-1.example.org:9777");
  CHECK(config.site == "/etc/basewatch/site.yml");
  REQUIRE(config.instances.size() == 3);

  const auto& node = loaded.instance(0);
  CHECK(node.plugin == &kNode);
  CHECK(node.name == "main");
  CHECK(node.job == "node");
  CHECK(node.settings.text("paths.procfs") == "/etc/basewatch/host/proc");
  CHECK(node.settings.text("paths.rootfs") == "/");
  CHECK(node.settings.text("collectors.netdev.device_include") == "^eth$");
  CHECK(node.switches == std::map<std::string, bool>{{"wifi", true}, {"arp", false}});
  CHECK(node.intervals == std::map<std::string, Duration>{{"netdev", 1min}});
  CHECK(node.places.at("collectors.arp").line == 8);
  CHECK(node.places.at("paths.procfs").text() == "/etc/basewatch/basewatch.yml:7:21");

  const auto& main = loaded.instance(1);
  CHECK(main.job == "pg");
  CHECK(main.labels == std::map<std::string, std::string>{{"tier", "prod"}});
  CHECK(main.timeout == 3s);
  CHECK(main.max_series == 1000);
  CHECK(main.settings.instance() == "main");
  CHECK(main.settings.secret("password") == "secret");
  CHECK(main.settings.secret("tls.key") == "k");
  CHECK(main.settings.integer("connections") == 5);
  CHECK(main.settings.texts("databases") == std::vector<std::string>{"a", "b"});
  CHECK(main.settings.duration("wait") == 2s);
  CHECK(main.settings.text("mode") == "fast");
  CHECK(loaded.instance(2).settings.texts("databases") == std::vector<std::string>{"one"});
  CHECK(loaded.instance(2).settings.integer("connections") == 3);
}

TEST_CASE("no exporters key is the default, an empty mapping is none, null is one with defaults") {
  CHECK(Loaded("version: 1\n").config.instances.size() == 1);
  CHECK(Loaded("version: 1\nexporters:\n").config.instances.size() == 1);
  CHECK(Loaded("version: 1\nexporters: {}\n").config.instances.empty());
  CHECK(Loaded("version: 1\nexporters: {postgres: []}\n").config.instances.empty());
  const Loaded loaded("version: 1\nexporters: {postgres: }\n");
  REQUIRE(loaded.config.instances.size() == 1);
  CHECK(loaded.instance().name == "main");
  CHECK(loaded.instance().plugin == &kPostgres);
  const auto own = defaults(kPlugins);
  REQUIRE(own.instances.size() == 1);
  CHECK(own.instances[0].plugin == &kNode);
  CHECK(own.server.host == "127.0.0.1");
  CHECK(own.server.port == 9777);
}

TEST_CASE("variables are expanded in values, and a lone dollar is left alone") {
  const Loaded loaded(R"(
version: 1
node: ${UNSET:-db-${PORT}
server: {listen: "127.0.0.1:${PORT}"}
exporters:
  node: {collectors: {netdev: {device_include: "^(a|b)$"}}}
  postgres: {dsn: "a$${PORT} $x ${EMPTY} ${EMPTY:-used} ${UNSET:-}", password: "${PASSWORD}"}
)");
  REQUIRE(loaded.diagnostics.text() == "");
  CHECK(loaded.config.server.port == 9999);
  CHECK(loaded.config.node == "db-${PORT");
  CHECK(loaded.instance(0).settings.text("collectors.netdev.device_include") == "^(a|b)$");
  CHECK(loaded.instance(1).settings.text("dsn") == "a${PORT} $x  used ");
  CHECK(loaded.instance(1).settings.secret("password") == "hunter2");
}

TEST_CASE("settings compare by what is written, not by how") {
  const auto settings = [](const std::string& text, const std::string& path = "c.yml") {
    const Loaded loaded("version: 1\nexporters: {postgres: " + text + "}\n", path);
    REQUIRE(loaded.diagnostics.text() == "");
    return loaded.instance().settings;
  };
  const auto first = settings("{dsn: a, connections: 3}");
  CHECK(first == settings("{connections: '3',   dsn: \"a\"}"));
  CHECK(!(first == settings("{dsn: a, connections: 4}")));
  CHECK(!(first == settings("{dsn: a, connections: 3, password: x}")));
  CHECK(settings("{password: \"${PASSWORD}\"}") == settings("{password: hunter2}"));
  CHECK(!(settings("{dsn: 'a,b'}") == settings("{dsn: 'a', mode: safe}")));
  CHECK(!(settings("{databases: [ab, c]}") == settings("{databases: [a, bc]}")));
}

TEST_CASE("a secret file is read anew at every use") {
  const TempFolder folder;
  folder.write("pg", "first\n");
  const Loaded loaded("version: 1\nexporters: {postgres: {password_file: pg}}\n",
                      folder.path / "c.yml");
  REQUIRE(loaded.diagnostics.text() == "");
  const auto& settings = loaded.instance().settings;
  CHECK(settings.secret("password") == "first");
  folder.write("pg", "  second \r\n");
  CHECK(settings.secret("password") == "  second ");
  std::filesystem::remove(folder.path / "pg");
  CHECK_THROWS_WITH_AS(settings.secret("password"),
                       ("the secret file '" + (folder.path / "pg").string() +
                        "' cannot be read: No such file or directory")
                           .c_str(),
                       std::runtime_error);
  folder.write("pg", std::string(65 * 1024, 'x'));
  CHECK_THROWS_AS(settings.secret("password"), std::runtime_error);
}

TEST_CASE("a pipe as a secret file is refused instead of waited for") {
  const TempFolder folder;
  const auto path = (folder.path / "pipe").string();
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_secret(path), std::runtime_error);
}

TEST_CASE("a file that is not there is one error") {
  Diagnostics diagnostics;
  load("/nonexistent/basewatch.yml", kPlugins, environment, diagnostics);
  CHECK(diagnostics.text() ==
        "/nonexistent/basewatch.yml: error: cannot be read: No such file or directory\n");
}

TEST_CASE("addresses") {
  std::string problem;
  struct Case {
    std::string text, host;
    std::uint16_t port;
  };
  const Case good[] = {{"127.0.0.1:9777", "127.0.0.1", 9777},
                       {"[::1]:1", "::1", 1},
                       {":9777", "", 9777},
                       {"localhost:65535", "localhost", 65535},
                       {"db-1.a_b.org:80", "db-1.a_b.org", 80}};
  for (const auto& c : good) {
    const auto address = parse_address(c.text, problem);
    REQUIRE_MESSAGE(address, c.text);
    CHECK(address->host == c.host);
    CHECK(address->port == c.port);
  }
  for (const auto* bad : {"",
                          "9777",
                          "127.0.0.1",
                          "[::1]",
                          "[::1",
                          "[]:1",
                          "[1.2.3.4]:1",
                          "::1:9777",
                          "a:b:1",
                          "1.2.3:1",
                          "1.2.3.4.5:1",
                          "x:0",
                          "x:-1",
                          "x:65536",
                          "x:1x",
                          "x:",
                          "x y:1",
                          "-x:1",
                          "a/b:1",
                          "[::1]x:1",
                          "x:99999999999999999999999"}) {
    problem.clear();
    CHECK_MESSAGE(!parse_address(bad, problem), bad);
    CHECK_MESSAGE(!problem.empty(), bad);
  }
}

}  // namespace basewatch::config
