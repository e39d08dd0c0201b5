#include "agent/discover/discover.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "agent/base/fake_clock.h"
#include "agent/discover/watch.h"

using namespace std::chrono_literals;

namespace basewatch::discover {
namespace {

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 0 501 1 0 "
    "100\n"
    "   1: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 0 502 1 0 "
    "100\n"
    "   2: 0100007F:C350 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0 0 503 1 0 "
    "100\n";
constexpr std::string_view kTcp6 =
    "  sl  local_address rem_address st\n"
    "   0: 00000000000000000000000001000000:1539 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000 0 0 504 1 0 100\n";

// A procfs and a root of files, as far as discovery looks at them.
struct Tree {
  std::filesystem::path folder;
  Tree() {
    std::string name = "/tmp/basewatch-discover-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    folder = name;
    write("proc/net/tcp", kTcp);
    write("proc/1/comm", "systemd\n");
    write("proc/self/cgroup", "0::/system.slice/basewatch.service\n");
  }
  ~Tree() { std::filesystem::remove_all(folder); }
  void write(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << text;
  }
  void process(int pid, const std::string& name, std::vector<int> sockets = {},
               std::string_view cgroup = "0::/system.slice/x.service\n",
               std::string_view tcp = kTcp) const {
    const auto base = "proc/" + std::to_string(pid);
    write(base + "/comm", name + "\n");
    write(base + "/cgroup", cgroup);
    write(base + "/net/tcp", tcp);
    std::filesystem::create_directories(folder / base / "fd");
    for (const int socket : sockets) {
      std::filesystem::create_symlink("socket:[" + std::to_string(socket) + "]",
                                      folder / base / "fd" / std::to_string(socket));
    }
  }
  HostView look() const {
    return discover::look({(folder / "proc").string(), (folder / "root").string()});
  }
};

constexpr Option kDsn[] = {{"dsn", OptionType::text, "", "Where."}};
constexpr Option kUrl[] = {{"uri", OptionType::text, "", "Another name than ours."}};
constexpr Option kFolders[] = {
    {"collectors.textfile.directory", OptionType::texts, "", "Folders."}};
constexpr Plugin kPostgres = {"postgres", "", "postgres", false, false, kDsn, nullptr};
constexpr Plugin kRedis = {"redis", "", "redis", false, false, kUrl, nullptr};
constexpr Plugin kNode = {"node", "", "node", true, true, kFolders, nullptr};
constexpr const Plugin* kPlugins[] = {&kPostgres, &kRedis, &kNode};

std::string keys(const std::vector<Seen>& seen) {
  std::string out;
  for (const auto& one : seen) out += one.key + " " + one.where + "\n";
  return out;
}

}  // namespace

TEST_CASE("listening sockets are read, others and garbage are passed over") {
  const auto four = parse_tcp(kTcp);
  REQUIRE(four.size() == 2);
  CHECK(four[0].address == "127.0.0.1");
  CHECK(four[0].port == 5432);
  CHECK(four[0].inode == 501);
  CHECK(reachable(four[1]) == "127.0.0.1");
  const auto six = parse_tcp(kTcp6);
  REQUIRE(six.size() == 1);
  CHECK(six[0].address == "::1");
  CHECK(reachable(six[0]) == "[::1]");
  CHECK(parse_tcp("0: XYZ:1 0:0 0A\n0: 0100007F 0 0A\n\n0: 0100007F:FFFFF x 0A\n").empty());
  CHECK(parse_unix("Num RefCount Protocol Flags Type St Inode Path\n"
                   "0: 00000002 00000000 00010000 0001 01 77 /run/docker.sock\n"
                   "0: 00000003 00000000 00000000 0001 03 78 /run/connected\n"
                   "0: 00000002 00000000 00010000 0001 01 79 @abstract\n") ==
        std::vector<std::string>{"/run/docker.sock"});
}

TEST_CASE("a server is seen by its own ports, once, and not by its children") {
  const Tree tree;
  tree.process(10, "postgres", {501});
  tree.process(11, "postgres");
  tree.process(12, "postgres");
  tree.process(20, "bash", {502});
  const auto seen = unwatched(tree.look(), kPlugins, {});
  REQUIRE(keys(seen) == "postgres listens on 127.0.0.1:5432\n");
  CHECK(seen[0].lines ==
        "  postgres:\n    - name: main\n"
        "      dsn: \"host=127.0.0.1 port=5432 user=basewatch dbname=postgres\"\n");
  CHECK(
      seen[0].one_line ==
      "postgres: [{name: main, dsn: \"host=127.0.0.1 port=5432 user=basewatch dbname=postgres\"}]");
}

TEST_CASE("a worker of the same name is not looked at; what another program started is") {
  const Tree tree;
  tree.process(10, "postgres", {501});
  tree.process(11, "postgres", {502});
  tree.write("proc/11/stat", "11 (post) gres) S 10 11 11 0 -1\n");
  tree.process(12, "redis-server", {502});
  tree.write("proc/12/stat", "12 (redis-server) S 10 12 12 0 -1\n");
  const auto view = tree.look();
  REQUIRE(view.processes.size() == 2);
  CHECK(view.processes[0].pid == 10);
  CHECK(view.processes[1].pid == 12);
}

TEST_CASE("processes of one network namespace show the same listeners") {
  const Tree tree;
  tree.process(10, "postgres", {501});
  tree.process(20, "redis-server", {502});
  // procfs has one file for all of a namespace.
  std::filesystem::remove(tree.folder / "proc/20/net/tcp");
  std::filesystem::create_hard_link(tree.folder / "proc/10/net/tcp",
                                    tree.folder / "proc/20/net/tcp");
  tree.process(30, "redis-server", {9}, "0::/docker/x\n",
               "  sl  local_address rem_address st\n"
               "   0: 0100007F:1900 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 9 1 "
               "0 100\n");
  const auto view = tree.look();
  REQUIRE(view.processes.size() == 3);
  CHECK(view.processes[0].listeners.at(0).port == 5432);
  CHECK(view.processes[1].listeners.at(0).port == 6379);
  CHECK(view.processes[2].listeners.at(0).port == 6400);
}

TEST_CASE("lines are suggested only where the exporter has the options") {
  const Tree tree;
  tree.process(10, "redis-server", {502});
  const auto seen = unwatched(tree.look(), kPlugins, {});
  REQUIRE(keys(seen) == "redis listens on 127.0.0.1:6379\n");
  CHECK(seen[0].lines.empty());
  CHECK(seen[0].advice.find("lists its options") != std::string::npos);
  const auto without = unwatched(tree.look(), {}, {});
  CHECK(without.at(0).advice == "This version of basewatch does not watch it yet.");
}

TEST_CASE("what is configured is not listed; a second server of the kind is") {
  const Tree tree;
  tree.process(10, "postgres", {501});
  tree.process(11, "postgres", {502});
  const Configured one[] = {{"postgres", "host=127.0.0.1 user=x password=hidden"}};
  const auto seen = unwatched(tree.look(), kPlugins, one);
  REQUIRE(keys(seen) == "postgres listens on 127.0.0.1:6379\n");
  CHECK(seen[0].lines.find("name: postgres-6379") != std::string::npos);
  const Configured both[] = {{"postgres", "port=5432"}, {"postgres", "port=6379"}};
  CHECK(unwatched(tree.look(), kPlugins, both).empty());
  const Configured other[] = {{"postgres", "port=63790"}};
  CHECK(keys(unwatched(tree.look(), kPlugins, other)) == "postgres listens on 127.0.0.1:6379\n");
}

TEST_CASE("a pooler is not watched because its server is") {
  const Tree tree;
  std::string tcp(kTcp);
  tcp.replace(tcp.find("18EB"), 4, "1920");  // 6432
  tree.process(10, "pgbouncer", {502}, "0::/system.slice/x.service\n", tcp);
  tree.write("proc/net/tcp", tcp);
  const Configured server[] = {{"postgres", "host=127.0.0.1 dbname=postgres"}};
  const auto seen = unwatched(tree.look(), kPlugins, server);
  REQUIRE(keys(seen) == "pgbouncer listens on 127.0.0.1:6432\n");
  CHECK(seen[0].lines.find("port=6432 user=basewatch dbname=pgbouncer") != std::string::npos);
  const Configured both[] = {{"postgres", "host=127.0.0.1"}, {"postgres", "port=6432 dbname=pgbouncer"}};
  CHECK(unwatched(tree.look(), kPlugins, both).empty());
}

TEST_CASE("in a container only a published port can be reached from here") {
  const Tree tree;
  constexpr std::string_view kDocker = "0::/system.slice/docker-0123456789ab.scope\n";
  tree.process(10, "postgres", {501}, kDocker);
  CHECK(keys(unwatched(tree.look(), kPlugins, {})) ==
        "postgres in a container, published as 127.0.0.1:5432\n");
  tree.write("proc/net/tcp", "");
  const auto seen = unwatched(tree.look(), kPlugins, {});
  REQUIRE(keys(seen) == "postgres in a container, port 5432 there\n");
  CHECK(seen[0].lines.empty());
}

TEST_CASE("whose descriptors are closed to us is known by the usual port, and counted") {
  const Tree tree;
  tree.process(10, "postgres");
  std::filesystem::remove_all(tree.folder / "proc/10/fd");
  const auto view = tree.look();
  CHECK(view.closed == 1);
  CHECK(keys(unwatched(view, kPlugins, {})) == "postgres listens on 127.0.0.1:5432\n");
  CHECK(!view.hides_processes);
  std::filesystem::remove_all(tree.folder / "proc/1");
  CHECK(tree.look().hides_processes);
}

TEST_CASE("textfile folders and other exporters are seen, too") {
  const Tree tree;
  std::filesystem::create_directories(tree.folder / "root/var/lib/prometheus/node-exporter");
  tree.process(10, "node_exporter", {502});
  auto seen = unwatched(tree.look(), kPlugins, {});
  REQUIRE(keys(seen) ==
          "textfile /var/lib/prometheus/node-exporter\n"
          "node_exporter listens on 127.0.0.1:6379\n");
  CHECK(seen[0].lines ==
        "  node:\n    collectors:\n      textfile:\n"
        "        directory: [/var/lib/prometheus/node-exporter]\n");
  CHECK(seen[1].advice.find("this one can go") != std::string::npos);
  const Configured node[] = {{"node", "/var/lib/prometheus/node-exporter\n"}};
  CHECK(keys(unwatched(tree.look(), kPlugins, node)) ==
        "node_exporter listens on 127.0.0.1:6379\n");
}

TEST_CASE("nothing there is no error") {
  const auto view = look({"/nonexistent", "/nonexistent"});
  CHECK(view.processes.empty());
  CHECK(unwatched(view, kPlugins, {}).empty());
}

TEST_CASE("a look that hangs is waited for by nobody") {
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false, open = false;
  };
  const auto gate = std::make_shared<Gate>();
  {
    const Watch watch(Clock::system(), [gate] {
      std::unique_lock lock(gate->mutex);
      gate->entered = true;
      gate->changed.notify_all();
      gate->changed.wait(lock, [&] { return gate->open; });
      return HostView();
    });
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->entered; });
    CHECK(!watch.last());
  }
  std::lock_guard guard(gate->mutex);
  gate->open = true;
  gate->changed.notify_all();
}

TEST_CASE("the first look is told of, and looks go on") {
  static auto& clock = *new FakeClock;  // the thread that is let go of may still look at it
  std::mutex mutex;
  std::condition_variable changed;
  int looks = 0, told = 0;
  const Watch watch(
      clock,
      [&] {
        std::lock_guard guard(mutex);
        ++looks;
        changed.notify_all();
        return HostView();
      },
      [&](const Look&) { ++told; });
  for (int i = 1; i <= 3; ++i) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return looks == i; });
    }
    clock.await_waiters(1);
    CHECK(watch.last()->when == clock.wall_now());
    if (i < 3) clock.advance(5min);
  }
  CHECK(told == 1);
}

}  // namespace basewatch::discover
