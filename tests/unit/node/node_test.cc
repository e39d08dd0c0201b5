#include "exporters/node/node.h"

#include <doctest/doctest.h>

#include "metrics/node.h"
#include "tests/unit/node/support.h"

using namespace std::chrono_literals;

namespace basewatch::node {

TEST_CASE("the plugin can be created from its defaults, and every option has a sentence") {
  const auto exporter = plugin.create(Settings::make(plugin.options));
  CHECK(std::ranges::is_sorted(exporter->collectors(), {}, &Collector::name));
  for (const auto& option : plugin.options) {
    CHECK_MESSAGE(option.help.ends_with('.'), option.name);
    const bool has_owner =
        option.name.starts_with("paths.") ||
        std::ranges::any_of(exporter->collectors(), [&](const Collector& c) {
          return option.name.starts_with("collectors." + std::string(c.name) + ".");
        });
    CHECK_MESSAGE(has_owner, option.name);
  }
}

TEST_CASE("settings that cannot be used say why") {
  const auto message = [](std::map<std::string, Settings::Value> values) {
    return thrown([&] { plugin.create(Settings::make(plugin.options, std::move(values))); });
  };
  CHECK(message({{"collectors.netdev.device_include", "("}})
            .starts_with("'device_include' is no regular expression: missing )"));
  CHECK(message({{"collectors.vmstat.fields", "a**"}}).starts_with("'fields' is no regular"));
  CHECK(message({{"collectors.netdev.device_include", "a"},
                 {"collectors.netdev.device_exclude", "b"}}) ==
        "'device_include' and 'device_exclude' exclude each other: write one of them");
  CHECK(message({{"collectors.filesystem.fs_types_include", "ext4"}}).empty());
  CHECK(message({{"collectors.filesystem.fs_types_include", "ext4"},
                 {"collectors.filesystem.fs_types_exclude", "xfs"}}) ==
        "'fs_types_include' and 'fs_types_exclude' exclude each other: write one of them");
}

TEST_CASE("node_exporter's own names of success") {
  const auto exporter = plugin.create(Settings::make(plugin.options));
  const CollectorResult results[] = {{"cpu", RunState::done, 1ms, 0s, 5, ""},
                                     {"textfile", RunState::failed, 2ms, 0s, 0, "x"},
                                     {"netdev", RunState::absent, 3ms, 0s, 0, "x"},
                                     {"filesystem", RunState::stuck, 5s, 0s, 0, "x"},
                                     {"later", RunState::pending, 0s, 0s, 0, ""}};
  Page page;
  exporter->summarize(page, results);
  CHECK(samples(page) ==
        "node_scrape_collector_duration_seconds{collector=\"cpu\"} 0.001\n"
        "node_scrape_collector_duration_seconds{collector=\"textfile\"} 0.002\n"
        "node_scrape_collector_duration_seconds{collector=\"netdev\"} 0.003\n"
        "node_scrape_collector_duration_seconds{collector=\"filesystem\"} 5\n"
        "node_scrape_collector_success{collector=\"cpu\"} 1\n"
        "node_scrape_collector_success{collector=\"textfile\"} 0\n"
        "node_scrape_collector_success{collector=\"netdev\"} 0\n"
        "node_scrape_collector_success{collector=\"filesystem\"} 0\n");
}

TEST_CASE("meminfo: pages, kilobytes and names with brackets") {
  const Tree tree;
  tree.write(
      "proc/meminfo",
      "MemTotal:        3742148 kB\nActive(anon):    2019984 kB\nHugePages_Total:       7\n");
  CHECK(run(tree.settings(), "meminfo") ==
        "node_memory_Active_anon_bytes 2068463616\nnode_memory_HugePages_Total 7\n"
        "node_memory_MemTotal_bytes 3831959552\n");
  for (const auto* bad :
       {"MemTotal: 1 MB\n", "MemTotal:\n", "MemTotal: x kB\n", "MemTotal: -1 kB\n"}) {
    tree.write("proc/meminfo", bad);
    CHECK_MESSAGE(thrown([&] {
                    run(tree.settings(), "meminfo");
                  }).starts_with(tree.path("proc/meminfo") + ":1: "),
                  bad);
  }
}

TEST_CASE("stat: the rows of the catalog's table, and softirqs on request") {
  const Tree tree;
  tree.write("proc/stat",
             "cpu  1 2\ncpu0 1 2\nintr 8885917 17 0 0\nctxt 38014093\nbtime 1418183276\n"
             "processes 26442\nprocs_running 2\nprocs_blocked 0\n"
             "softirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444\n");
  const auto page = run(tree.settings(), "stat");
  CHECK(page ==
        "node_boot_time_seconds 1418183276\nnode_context_switches_total 38014093\n"
        "node_forks_total 26442\nnode_intr_total 8885917\nnode_procs_blocked 0\n"
        "node_procs_running 2\n");
  const auto more = run(tree.settings({{"collectors.stat.softirq", true}}), "stat");
  CHECK(more.size() > page.size());
  CHECK(more.find("node_softirqs_total{vector=\"rcu\"} 508444\n") != std::string::npos);
  CHECK(more.find("node_softirqs_total{vector=\"hi\"} 250191\n") != std::string::npos);
  tree.write("proc/stat", "softirq 1 2 3\n");
  CHECK(thrown([&] {
          run(tree.settings({{"collectors.stat.softirq", true}}), "stat");
        }) == tree.path("proc/stat") + ":1: a number is missing");
}

TEST_CASE("vmstat: the chosen fields, also when their order changes") {
  const Tree tree;
  const auto exporter = plugin.create(tree.settings());
  tree.write("proc/vmstat", "nr_free_pages 1\npgpgin 2\noom_kill 3\npgmajfault 4\nnr_x y\n");
  const std::string page =
      "node_vmstat_oom_kill 3\nnode_vmstat_pgmajfault 4\nnode_vmstat_pgpgin 2\n";
  CHECK(run(*exporter, "vmstat") == page);
  tree.write("proc/vmstat", "oom_kill 3\npgmajfault 4\nnr_free_pages 1\npgpgin 2\n");
  CHECK(run(*exporter, "vmstat") == page);
  tree.write("proc/vmstat", "pgpgin x\n");
  CHECK(!thrown([&] { run(*exporter, "vmstat"); }).empty());
}

TEST_CASE("loadavg") {
  const Tree tree;
  tree.write("proc/loadavg", "0.21 0.37 0.39 1/719 19737\n");
  CHECK(run(tree.settings(), "loadavg") == "node_load1 0.21\nnode_load15 0.39\nnode_load5 0.37\n");
  tree.write("proc/loadavg", "0.21 0.37\n");
  CHECK(thrown([&] { run(tree.settings(), "loadavg"); }) ==
        tree.path("proc/loadavg") + ":1: a number is missing");
}

TEST_CASE("whatever is missing or garbage, a collector throws or reports; it never does worse") {
  const Tree tree;
  const auto exporter = plugin.create(tree.settings({{"collectors.netdev.netlink", false}}));
  for (const std::string_view text :
       {"", "\n\n\n", "garbage", "cpu0 -1\n", "\xff\xfe\x00\x01", "a: b: c\n"}) {
    for (const auto* name : {"stat", "meminfo", "loadavg", "vmstat", "net/dev", "1/mountinfo"}) {
      tree.write("proc/" + std::string(name), text);
    }
    for (const auto& collector : exporter->collectors()) {
      thrown([&] { run(*exporter, collector.name); });
    }
  }
  const Tree empty;
  const auto blind = plugin.create(empty.settings({{"collectors.netdev.netlink", false}}));
  for (const auto* name : {"cpu", "stat", "meminfo", "loadavg", "vmstat", "netdev", "filesystem"}) {
    CHECK_MESSAGE(thrown([&] { run(*blind, name); }).starts_with("cannot read "), name);
  }
}

TEST_CASE("the real system of this machine") {
  const auto exporter = plugin.create(Settings::make(
      plugin.options, {{"collectors.cpu.info", true}, {"collectors.netdev.address_info", true}}));
  for (int scrape = 0; scrape < 2; ++scrape) {
    for (const auto& collector : exporter->collectors()) {
      if (!collector.on_by_default) continue;  // some of these need root
      Page page;
      const auto outcome = collector.run(page, soon());
      if (outcome.is_absent) {
        MESSAGE(collector.name, " is absent here: ", outcome.reason);
        continue;
      }
      page.seal();
      if (page.samples() == 0) MESSAGE(collector.name, " has nothing to show here");
      CHECK_MESSAGE(page.duplicates() == 0, page.first_duplicate());
    }
  }
}

}  // namespace basewatch::node
