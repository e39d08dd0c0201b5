// The page of a whole system, as text, against what was accepted once.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/accept.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

const std::string kRoot = SOURCE_DIR;

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// They ask the kernel or a service, not a file: there is no fixture for them.
constexpr std::string_view kOfThisHost[] = {"ethtool", "logind", "network_route", "systemd",
                                            "tcpstat", "timex",  "uname"};

// Those whose devices are in the list.
constexpr std::string_view kOfDevices[] = {"bcache",
                                           "bonding",
                                           "cpu_vulnerabilities",
                                           "cpufreq",
                                           "dmi",
                                           "dmmultipath",
                                           "drbd",
                                           "edac",
                                           "fibrechannel",
                                           "hwmon",
                                           "infiniband",
                                           "mdadm",
                                           "netclass",
                                           "nvme",
                                           "nvmesubsystem",
                                           "pcidevice",
                                           "powersupplyclass",
                                           "rapl",
                                           "tapestats",
                                           "thermal_zone",
                                           "watchdog"};

// Without what depends on the checkout and the moment: where it lies, when git wrote the textfiles,
// what time it is here.
std::string normal(std::string text) {
  for (std::size_t at = 0; (at = text.find(kRoot + "/", at)) != std::string::npos;) {
    text.erase(at, kRoot.size() + 1);
  }
  std::string out;
  std::string_view rest = text, line;
  while (next_line(rest, line)) {
    const bool is_time = line.starts_with("node_textfile_mtime_seconds{");
    if (line.starts_with("node_time_seconds ") || line.starts_with("node_time_zone_")) continue;
    out.append(is_time ? line.substr(0, line.rfind(' ')) : line).append(is_time ? " 1\n" : "\n");
  }
  return out;
}

std::string page_of(const std::string& fixture) {
  const auto folder = kRoot + "/tests/fixtures/node/" + fixture;
  const auto exporter = plugin.create(Settings::make(
      plugin.options,
      {{"paths.procfs", folder + "/proc"},
       {"paths.sysfs", folder + "/sys"},
       {"paths.rootfs", folder},
       {"paths.udev_data", folder + "/udev"},
       {"collectors.arp.netlink", false},
       {"collectors.cpu.info_flags_include", "^(aes|avx.?)$"},
       {"collectors.cpu.info_bugs_include", "^spectre"},
       {"collectors.stat.softirq", true},
       {"collectors.sysctl.include", std::vector<std::string>{"fs.file-nr", "kernel.pid_max"}},
       {"collectors.sysctl.include_info", std::vector<std::string>{"kernel.seccomp.actions_avail"}},
       {"collectors.netdev.netlink", false},
       {"collectors.qdisc.fixtures", folder + "/qdisc"},
       {"collectors.wifi.fixtures", folder + "/wifi"},
       {"collectors.textfile.directory", folder + "/textfile"}}));
  std::vector<Page> pages;
  for (const auto& collector : exporter->collectors()) {
    if (std::ranges::find(kOfThisHost, collector.name) != std::end(kOfThisHost)) continue;
    auto& page = pages.emplace_back();
    collector.run(page, soon());
    page.seal();
  }
  std::vector<expose::Part> parts;
  for (const auto& page : pages) parts.push_back({&page});
  std::string text;
  expose::write_text(parts, text);
  return normal(text);
}

// Makes the files and links of a list (its first line says how it is written).
void plant(const Tree& tree, const std::string& list) {
  std::string_view rest = list, line;
  while (next_line(rest, line)) {
    if (line.starts_with('#')) continue;
    const auto name = next_word(line);
    const bool is_link = next_word(line) == "->";
    std::string text(trim(line));
    if (is_link) {
      const std::filesystem::path link = tree.path(name);
      std::filesystem::create_directories(link.parent_path());
      std::filesystem::create_symlink(text, link);
      continue;
    }
    for (const auto& [written, meant] : {std::pair("\\n", "\n"), std::pair("\\t", "\t")}) {
      for (std::size_t at = 0; (at = text.find(written, at)) != text.npos;) {
        text.replace(at, 2, meant);
      }
    }
    tree.write(name, text + "\n");
  }
}

std::string page_of_devices() {
  const Tree tree;
  plant(tree, slurp(kRoot + "/tests/fixtures/node/devices.txt"));
  const auto exporter = plugin.create(tree.settings());
  Page page;
  for (const auto& collector : exporter->collectors()) {
    if (std::ranges::find(kOfDevices, collector.name) == std::end(kOfDevices)) continue;
    const auto before = page.samples();
    collector.run(page, soon());
    CHECK_MESSAGE(page.samples() > before, collector.name);  // one that sees nothing is no test
  }
  page.seal();
  const expose::Part part{&page};
  std::string text;
  expose::write_text({&part, 1}, text);
  for (std::size_t at = 0; (at = text.find(tree.path() + "/", at)) != std::string::npos;) {
    text.erase(at, tree.path().size() + 1);
  }
  return text;
}

// The lines that only one of them has.
std::string difference(const std::string& before, const std::string& after) {
  const auto lines = [](const std::string& text) {
    const auto list = split(text, '\n');
    return std::set<std::string_view>(list.begin(), list.end());
  };
  const auto old = lines(before), now = lines(after);
  std::string out;
  for (const auto line : old) {
    if (!now.contains(line)) out.append("- ").append(line) += '\n';
  }
  for (const auto line : now) {
    if (!old.contains(line)) out.append("+ ").append(line) += '\n';
  }
  return out;
}

void check_golden(const std::string& name, const std::string& page) {
  const auto path = kRoot + "/tests/golden/" + name;
  const auto golden = slurp(path);
  if (accepting() && page != golden) {
    MESSAGE("accepted ", path, ":\n", difference(golden, page));
    std::ofstream(path, std::ios::binary) << page;
    return;
  }
  INFO(difference(golden, page));
  CHECK(page == golden);
}

}  // namespace

TEST_CASE("the page of a typical machine is as it was accepted") {
  check_golden("node-typical.prom", page_of("typical"));
}

TEST_CASE("the page of a server with one of every device is as it was accepted") {
  check_golden("node-devices.prom", page_of_devices());
}

}  // namespace basewatch::node
