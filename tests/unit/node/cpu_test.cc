#include "exporters/node/read/cpu.h"

#include <doctest/doctest.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {

TEST_CASE("the processors' times are those of the lines cpu<n>") {
  std::vector<CpuTimes> times;
  parse_cpu_times(
      "cpu  9 9 9 9\ncpu0 100 200 300 400 500 600 700 800 900 1000\ncpu7 1 2 3 4\nintr 5\n", times);
  REQUIRE(times.size() == 2);
  CHECK(times[0].seconds[user] == 1);
  CHECK(times[0].seconds[guest_nice] == 10);
  CHECK(times[1].cpu == 7);
  CHECK(times[1].seconds[idle] == 0.04);
  CHECK(times[1].seconds[steal] == 0);  // a kernel that does not count it
  parse_cpu_times("", times);
  CHECK(times.empty());
  parse_cpu_times("cpu99999999 1\ncpux 1\ncpu-1 2\n", times);
  CHECK(times.empty());
  CHECK(thrown([&] { parse_cpu_times(Source("cpu0 1\ncpu1 1 x\n", "/proc/stat"), times); }) ==
        "/proc/stat:2: 'x' is no whole number");
}

TEST_CASE("lists of processors") {
  CHECK(parse_cpu_list("1,3-5,9\n") == std::vector<int>{1, 3, 4, 5, 9});
  CHECK(parse_cpu_list("\n").empty());
  CHECK(parse_cpu_list("").empty());
  CHECK(parse_cpu_list("0").size() == 1);
  CHECK(parse_cpu_list("5-3").empty());
  for (const auto* bad : {"x", "1-", "-1", "1-2-3", "0-4294967295", "70000", "1;2"}) {
    CHECK_MESSAGE(!thrown([&] { parse_cpu_list(bad); }).empty(), bad);
  }
  // Many overlapping ranges must not add up to gigabytes.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "0-65535,";
  CHECK(!thrown([&] { parse_cpu_list(many); }).empty());
}

TEST_CASE("cpuinfo of x86 and arm") {
  const auto x86 = parse_cpu_info(
      "processor\t: 3\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 142\n"
      "model name\t: Intel(R) Core(TM) i7 @ 1.90GHz\nstepping\t: 10\nmicrocode\t: 0xb4\n"
      "cpu MHz\t\t: 799.998\ncache size\t: 8192 KB\nphysical id\t: 1\ncore id\t\t: 2\n"
      "flags\t\t: fpu aes\nbugs\t\t: mds\n\nprocessor : 4\nnonsense\n");
  REQUIRE(x86.size() == 2);
  CHECK(x86[0].processor == 3);
  CHECK(x86[0].model_name == "Intel(R) Core(TM) i7 @ 1.90GHz");
  CHECK(x86[0].cache_size == "8192 KB");
  CHECK(x86[0].package == "1");
  CHECK(x86[0].core == "2");
  CHECK(x86[0].mhz == 799.998);
  CHECK(x86[0].flags == "fpu aes");
  CHECK(x86[1].vendor.empty());
  const auto arm = parse_cpu_info("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n");
  REQUIRE(arm.size() == 1);
  CHECK(arm[0].flags == "fp asimd");
  CHECK(parse_cpu_info("model name : before any processor\n").empty());
  CHECK(thrown([] { parse_cpu_info("processor : zero\n"); }) ==
        "text:1: 'zero' is no whole number");
}

namespace {

std::string line(std::string_view cpu, int user_ticks, int idle_ticks) {
  return std::string(cpu) + " " + std::to_string(user_ticks) + " 0 0 " +
         std::to_string(idle_ticks) + " 0 0 0 0 0 0\n";
}

}  // namespace

TEST_CASE("times never fall, except when a processor was taken out and put back") {
  const Tree tree;
  const auto exporter = plugin.create(tree.settings({{"collectors.cpu.guest", false}}));
  const auto after = [&](const std::string& stat) {
    tree.write("proc/stat", stat);
    return run(*exporter, "cpu");
  };
  const auto has = [](const std::string& page, std::string_view sample) {
    return page.find(sample) != std::string::npos;
  };
  after(line("cpu0", 1000, 5000) + line("cpu1", 1000, 5000));
  auto page = after(line("cpu0", 990, 4999) + line("cpu1", 1100, 4800));
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 10\n"));
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 50\n"));
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"1\",mode=\"user\"} 11\n"));
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 50\n"));
  page = after(line("cpu0", 3, 4600) + line("cpu1", 1100, 5100));  // idle fell by more than 3 s
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 0.03\n"));
  page = after(line("cpu1", 1100, 5100));
  CHECK(!has(page, "cpu=\"0\""));  // switched off
  page = after(line("cpu0", 1, 1) + line("cpu1", 1100, 5100));
  CHECK(has(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0.01\n"));
}

TEST_CASE("throttles are counted once a core and once a package") {
  const Tree tree;
  tree.write("proc/stat", line("cpu0", 1, 1) + line("cpu1", 1, 1) + line("cpu2", 1, 1));
  const auto cpu = [&](int number, int package, int core, int throttles) {
    const auto folder = "sys/devices/system/cpu/cpu" + std::to_string(number);
    tree.write(folder + "/topology/physical_package_id", std::to_string(package) + "\n");
    tree.write(folder + "/topology/core_id", std::to_string(core) + "\n");
    tree.write(folder + "/thermal_throttle/core_throttle_count", std::to_string(throttles) + "\n");
    tree.write(folder + "/thermal_throttle/package_throttle_count",
               std::to_string(10 * throttles) + "\n");
  };
  cpu(0, 0, 0, 5);
  cpu(1, 0, 0, 5);
  cpu(2, 0, 1, 7);
  tree.write("sys/devices/system/cpu/isolated", "1-2\n");
  tree.write("sys/devices/system/cpu/online", "0,2\n");
  const auto exporter = plugin.create(tree.settings());
  const auto topology = [&] {
    const auto page = run(*exporter, "cpu");
    return page.substr(0, page.find("node_cpu_guest"));
  };
  const std::string cores =
      "node_cpu_core_throttles_total{core=\"0\",package=\"0\"} 5\n"
      "node_cpu_core_throttles_total{core=\"1\",package=\"0\"} 7\n";
  CHECK(topology() == cores);
  auto page = run(*exporter, "cpu");
  CHECK(page.find("node_cpu_package_throttles_total{package=\"0\"} 50\n") != std::string::npos);
  CHECK(page.find("node_cpu_isolated{cpu=\"1\"} 1\nnode_cpu_isolated{cpu=\"2\"} 1\n") !=
        std::string::npos);
  CHECK(page.find("node_cpu_online") == std::string::npos);

  // Where the first processor can be switched off, all are reported; seen with the next change.
  tree.write("sys/devices/system/cpu/cpu0/online", "1\n");
  tree.write("proc/stat", line("cpu0", 1, 1) + line("cpu2", 1, 1));
  page = run(*exporter, "cpu");
  CHECK(page.find("node_cpu_online{cpu=\"0\"} 1\nnode_cpu_online{cpu=\"1\"} 0\n"
                  "node_cpu_online{cpu=\"2\"} 1\n") != std::string::npos);

  // A processor that goes takes its files along; its sibling speaks for the core from then on.
  std::filesystem::remove_all(tree.path("sys/devices/system/cpu/cpu0/thermal_throttle"));
  run(*exporter, "cpu");
  CHECK(topology() == cores);
}

}  // namespace basewatch::node
