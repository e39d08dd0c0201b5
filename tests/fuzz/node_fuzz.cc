// The parsers of the node exporter. The first byte of the input picks one, the rest is its text.
// 'C' stands for the collectors that read procfs themselves; the second byte picks one of their
// files. They may refuse anything with a ReadError that says something; they must not do anything
// else.
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "agent/plugin/page.h"
#include "exporters/node/node.h"
#include "exporters/node/read/cpu.h"
#include "exporters/node/read/ethtool.h"
#include "exporters/node/read/mounts.h"
#include "exporters/node/read/neighbours.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/nl80211.h"
#include "exporters/node/read/qdisc.h"
#include "exporters/node/read/routes.h"
#include "exporters/node/read/systemd_units.h"
#include "exporters/node/read/tcp_states.h"
#include "exporters/node/read/textfile.h"

namespace {

using namespace basewatch;
using namespace basewatch::node;

void parse_textfile(std::string_view text) {
  ParsedTextfile file;
  file.parse(text, "fuzz.prom");
  Page page;
  file.add_to(page, std::vector<bool>(file.families().size(), true));
  page.seal();
}

void check_mounts(std::string_view text) {
  for (const auto& mount : parse_mounts(text)) {
    const auto stripped = strip_root(mount.mountpoint, "/host");
    if (!mount.mountpoint.ends_with(stripped) && stripped != "/") std::abort();
  }
}

void check_cpu_list(std::string_view text) {
  if (parse_cpu_list(text).size() > 70'000) std::abort();
}

// The file of a collector that gets the input, and what is in it while another one's turn is.
struct Table {
  std::string_view collector, file, otherwise = "";
};
constexpr Table kTables[] = {
    {"arp", "proc/net/arp"},
    {"buddyinfo", "proc/buddyinfo"},
    {"cgroups", "proc/cgroups"},
    {"conntrack", "proc/net/stat/nf_conntrack"},
    {"conntrack", "proc/sys/net/netfilter/nf_conntrack_count", "1"},
    {"conntrack", "proc/sys/net/netfilter/nf_conntrack_max", "1"},
    {"diskstats", "proc/diskstats"},
    {"diskstats", "udev/b8:0"},
    {"filefd", "proc/sys/fs/file-nr"},
    {"interrupts", "proc/interrupts"},
    {"ipvs", "proc/net/ip_vs"},
    {"ipvs", "proc/net/ip_vs_stats", "a\nb\n1 2 3 4 5\n"},
    {"lnstat", "proc/net/stat/arp_cache"},
    {"meminfo_numa", "sys/devices/system/node/node0/meminfo"},
    {"meminfo_numa", "sys/devices/system/node/node0/numastat"},
    {"netstat", "proc/net/netstat"},
    {"netstat", "proc/net/snmp"},
    {"netstat", "proc/net/snmp6"},
    {"os", "etc/os-release"},
    {"pressure", "proc/pressure/io"},
    {"processes", "proc/1/stat"},
    {"schedstat", "proc/schedstat"},
    {"selinux", "etc/selinux/config"},
    {"slabinfo", "proc/slabinfo"},
    {"sockstat", "proc/net/sockstat"},
    {"softirqs", "proc/softirqs"},
    {"softnet", "proc/net/softnet_stat"},
    {"swap", "proc/swaps"},
    {"sysctl", "proc/sys/a", "1"},
    {"udp_queues", "proc/net/udp"},
    {"xfrm", "proc/net/xfrm_stat"},
    {"zoneinfo", "proc/zoneinfo"},
    {"nfs", "proc/net/rpc/nfs"},
    {"nfsd", "proc/net/rpc/nfsd"},
    {"mountstats", "proc/self/mountstats"},
    {"xfs", "sys/fs/xfs/sda1/stats/stats"},
    {"zfs", "proc/spl/kstat/zfs/arcstats", "name type data\n"},
    {"zfs", "proc/spl/kstat/zfs/tank/io", "1\na\n1\n"},
    {"zfs", "proc/spl/kstat/zfs/tank/objset-1", "name type data\n"},
    {"btrfs", "sys/fs/btrfs/a-b/commit_stats"},
    {"bcachefs", "sys/fs/bcachefs/a-b/compression_stats"},
    {"bcachefs", "sys/fs/bcachefs/a-b/counters/x", "since mount: 1\n"},
    {"bcachefs", "sys/fs/bcachefs/a-b/dev-0/io_done"},
    {"bcachefs", "sys/fs/bcachefs/a-b/dev-0/io_errors"},
    {"qdisc", "q/results.json", "[]"},
    {"wifi", "w/interfaces.json", "[{\"name\":\"wlan0\"}]"},
    {"wifi", "w/wlan0/stationinfo.json", "[]"},
};

// A system of files in which one at a time holds the input.
class Host {
 public:
  Host() {
    std::string pattern = std::filesystem::temp_directory_path() / "basewatch-fuzz-XXXXXX";
    root_ = mkdtemp(pattern.data());
    for (const auto& table : kTables) {
      std::filesystem::create_directories((root_ / table.file).parent_path());
      write(table, table.otherwise);
    }
    write({"", "proc/sys/kernel/threads-max"}, "1");
    write({"", "proc/sys/kernel/pid_max"}, "1");
    write({"", "sys/fs/selinux/enforce"}, "1");
    write(kTables[7], "E:ID_MODEL=x\n");
    exporter_ = plugin.create(Settings::make(
        plugin.options, {{"paths.procfs", (root_ / "proc").string()},
                         {"paths.sysfs", (root_ / "sys").string()},
                         {"paths.rootfs", root_.string()},
                         {"paths.udev_data", (root_ / "udev").string()},
                         {"collectors.arp.netlink", false},
                         {"collectors.qdisc.fixtures", (root_ / "q").string()},
                         {"collectors.wifi.fixtures", (root_ / "w").string()},
                         {"collectors.netstat.fields", ".*"},
                         {"collectors.sysctl.include", std::vector<std::string>{"a"}},
                         {"collectors.sysctl.include_info", std::vector<std::string>{"a"}}}));
  }
  ~Host() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  void run(const Table& table, std::string_view text) {
    write(table, text);
    if (table.file.starts_with("udev")) write(kTables[6], "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
    for (const auto& collector : exporter_->collectors()) {
      if (collector.name != table.collector) continue;
      Page page;
      try {
        collector.run(page, Deadline::in(Clock::system(), std::chrono::seconds(10)));
      } catch (const ReadError& error) {
        if (std::strlen(error.what()) == 0) std::abort();
      }
      page.seal();
    }
    write(table, table.otherwise);
  }

 private:
  void write(const Table& table, std::string_view text) {
    const auto path = root_ / table.file;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);  // some file systems flush what is written over an old text
    std::ofstream(path, std::ios::binary) << text;
  }

  std::filesystem::path root_;
  std::unique_ptr<Exporter> exporter_;
};

void run_collector(std::string_view input) {
  static Host host;
  if (input.empty()) return;
  const auto which = static_cast<unsigned char>(input.front() - 'a');
  host.run(kTables[which % std::size(kTables)], input.substr(1));
}

// A message of the kernel's, for everyone who understands some of them.
void parse_message(const NetlinkMessage& message) {
  std::vector<Device> devices;
  std::vector<Qdisc> qdiscs;
  std::vector<Route> routes;
  TcpStates sockets;
  parse_link(message, devices);
  parse_qdisc(message, qdiscs);
  parse_route(message, routes);
  parse_tcp_socket(message, sockets);
  neighbour_device(message.body);
  const auto attributes = generic_body(message);
  parse_family_id(attributes);
  parse_wifi_interface(attributes);
  parse_wifi_network(attributes);
  parse_wifi_station(attributes);
}

// The first two bytes are the type: only a lucky input would have a whole header.
void parse_body(std::string_view text) {
  if (text.size() < 2) return;
  parse_message({netlink_value<std::uint16_t>(text), text.substr(2)});
}

void check_names(std::string_view text) {
  systemd_version(text);
  for (const char c : ethtool_metric_name(text)) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') std::abort();
  }
}

void parse(char which, std::string_view text) {
  std::vector<CpuTimes> times;
  switch (which) {
    case 'C':
      return run_collector(text);
    case 's':
      return parse_cpu_times(text, times);
    case 'l':
      return check_cpu_list(text);
    case 'c':
      parse_cpu_info(text);
      return;
    case 'm':
      return check_mounts(text);
    case 'd':
      parse_net_dev(text);
      return;
    case 'n':
      parse_netlink(text, "it", parse_message);
      return;
    case 'N':
      return parse_body(text);
    case 'S':
      return check_names(text);
    case 't':
      return parse_textfile(text);
    case 'r':
      for_each_row(text, [&](std::string_view key, std::string_view) {
        if (key.empty()) std::abort();
      });
      return;
    default:
      leading_numbers<3>(text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of its own size: the sanitizer sees every byte that is read beyond it.
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    parse(static_cast<char>(data[0]), text);
  } catch (const ReadError& error) {
    if (std::strlen(error.what()) == 0) std::abort();
  } catch (const PageTooLarge&) {
  }
  return 0;
}
