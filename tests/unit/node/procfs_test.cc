// The collectors that read one or two files of procfs and sysfs: what the golden page of a typical
// machine does not show, above all what they say when something is wrong or not there.
#include <doctest/doctest.h>
#include <linux/neighbour.h>
#include <sys/stat.h>

#include "exporters/node/read/neighbours.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

struct Case {
  std::string_view collector, file, text, result;
};

// What a collector makes of one file. "!" in front of a result: the run fails with a message that
// begins so behind the path.
void check(std::initializer_list<Case> cases) {
  for (const auto& [collector, file, text, result] : cases) {
    CAPTURE(collector);
    CAPTURE(text);
    const Tree tree;
    tree.write(file, text);
    if (!result.starts_with('!')) {
      CHECK(run(tree.settings(), collector) == result);
      continue;
    }
    const auto message = thrown([&] { run(tree.settings(), collector); });
    const auto expected = tree.path(file) + std::string(result.substr(1));
    CHECK_MESSAGE(message.starts_with(expected), message, " should begin with ", expected);
  }
}

std::string error_of(const Settings& settings, std::string_view collector) {
  return thrown([&] { run(settings, collector); });
}

}  // namespace

TEST_CASE("lines that are broken are named") {
  check({
      {"buddyinfo", "proc/buddyinfo", "Node 0, zone DMA 1 x\n", "!:1: 'x' is no number"},
      {"buddyinfo", "proc/buddyinfo", "Node 0\n", "!:1: this is no line of a zone"},
      {"cgroups", "proc/cgroups", "#a\ncpu 1 2\n", "!:2: a number is missing"},
      {"diskstats", "proc/diskstats", "8 0 sda 1 2 3 4 5 6 7 8 9 10 x\n",
       "!:1: 'x' is no whole number"},
      {"filefd", "proc/sys/fs/file-nr", "1 2\n", "!:1: a number is missing"},
      {"interrupts", "proc/interrupts", "", "!:1: the line of processors is missing"},
      {"interrupts", "proc/interrupts", "CPU0\n1: x IO timer\n", "!:2: 'x' is no number"},
      {"kernel_hung", "proc/sys/kernel/hung_task_detect_count", "x", "!:1: 'x' is no number"},
      {"lnstat", "proc/net/stat/a", "x y\n1 2 3\n", "!:2: there are more numbers than names"},
      {"lnstat", "proc/net/stat/a", "x\nzz\n", "!:2: 'zz' is no hexadecimal number"},
      {"pressure", "proc/pressure/cpu", "full total=3\n", "!:1: the line 'some' is missing"},
      {"pressure", "proc/pressure/io", "some total=3\n", "!:1: the line 'full' is missing"},
      {"pressure", "proc/pressure/cpu", "some avg10=0\n", "!:1: there is no total="},
      {"schedstat", "proc/schedstat", "cpu0 1 2 3\n", "!:1: a number is missing"},
      {"slabinfo", "proc/slabinfo", "a 1 2 3\n", "!:1: a number is missing"},
      {"sockstat", "proc/net/sockstat", "TCP: inuse\n", "!:1: a number is missing"},
      {"softirqs", "proc/softirqs", "CPU0\nHI: x\n", "!:2: 'x' is no number"},
      {"softnet", "proc/net/softnet_stat", "1 2 3\n", "!:1: there are fewer than 9 columns"},
      {"swap", "proc/swaps", "Filename\n/a file 1\n", "!:2: a number is missing"},
      {"udp_queues", "proc/net/udp", "sl\n1: a b 07 x\n", "!:2: the queues are missing"},
      {"xfrm", "proc/net/xfrm_stat", "XfrmInError x\n", "!:1: 'x' is no number"},
      {"zoneinfo", "proc/zoneinfo", "Node 0\n", "!:1: this is no start of a zone"},
      {"zoneinfo", "proc/zoneinfo", "Node 0, zone DMA\n min x\n", "!:2: 'x' is no number"},
  });
}

TEST_CASE(
    "a source that is not there: a feature that is absent, or a failure that names the file") {
  const Tree tree;
  const auto settings =
      tree.settings({{"collectors.arp.netlink", false}, {"paths.rootfs", tree.path()}});
  const std::pair<std::string_view, std::string_view> kAbsent[] = {
      {"cgroups", "the kernel has no control groups"},
      {"conntrack", "the kernel tracks no connections"},
      {"ipvs", "the kernel balances no load"},
      {"kernel_hung", "the kernel does not count hung tasks"},
      {"ksmd", "the kernel merges no pages"},
      {"meminfo_numa", "the kernel knows no NUMA nodes"},
      {"os", "there is no os-release"},
      {"pressure", "the kernel keeps no account of pressure: it lacks PSI, or needs psi=1 at boot"},
      {"schedstat", "the kernel keeps no statistics of its scheduler"},
      {"udp_queues", "the kernel has no UDP"},
      {"xfrm", "the kernel counts no errors of IPsec"},
  };
  for (const auto& [collector, reason] : kAbsent) {
    CHECK(run(settings, collector) == "absent: " + std::string(reason) + "\n");
  }
  for (const auto* collector : {"arp", "buddyinfo", "diskstats", "entropy", "filefd", "interrupts",
                                "netstat", "slabinfo", "softirqs", "softnet", "swap", "zoneinfo"}) {
    const auto error = error_of(settings, collector);
    CHECK_MESSAGE(error.starts_with("cannot read " + tree.path("proc")), error);
  }
  CHECK(error_of(settings, "processes") == "there is no " + tree.path("proc"));
  CHECK(run(settings, "lnstat").empty());
  CHECK(run(settings, "sockstat").empty());
  CHECK(run(settings, "sysctl").empty());
  CHECK(run(settings, "selinux") == "node_selinux_enabled 0\n");
}

TEST_CASE("what is no file is an error in one line, and never waited for") {
  const Tree tree;
  const auto exporter = plugin.create(
      tree.settings({{"collectors.arp.netlink", false}, {"paths.rootfs", tree.path()}}));
  const std::pair<const char*, std::string_view> kFiles[] = {{"proc/net/arp", "arp"},
                                                             {"proc/buddyinfo", "buddyinfo"},
                                                             {"proc/cgroups", "cgroups"},
                                                             {"proc/diskstats", "diskstats"},
                                                             {"proc/interrupts", "interrupts"},
                                                             {"proc/net/ip_vs_stats", "ipvs"},
                                                             {"proc/net/netstat", "netstat"},
                                                             {"etc/os-release", "os"},
                                                             {"proc/pressure/cpu", "pressure"},
                                                             {"proc/schedstat", "schedstat"},
                                                             {"proc/slabinfo", "slabinfo"},
                                                             {"proc/net/sockstat", "sockstat"},
                                                             {"proc/softirqs", "softirqs"},
                                                             {"proc/net/softnet_stat", "softnet"},
                                                             {"proc/swaps", "swap"},
                                                             {"proc/net/udp", "udp_queues"},
                                                             {"proc/net/xfrm_stat", "xfrm"},
                                                             {"proc/zoneinfo", "zoneinfo"}};
  const auto error = [&](std::string_view collector) {
    return thrown([&] { run(*exporter, collector); });
  };
  for (const auto& [file, collector] : kFiles) {
    CAPTURE(file);
    const auto path = tree.path(file);
    tree.write(file, "");
    std::filesystem::remove(path);
    std::filesystem::create_symlink(path, path);
    CHECK(error(collector) == "cannot read " + path + ": too many levels of symbolic links");
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK(error(collector) == "cannot read " + path + ": is a directory");
    std::filesystem::remove(path);
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const auto said = error(collector);  // nobody writes into it: it is empty
    CHECK(said.find('\n') == std::string::npos);
    std::filesystem::remove(path);
  }
  tree.write("proc/diskstats", std::string(9u << 20, 'x'));
  CHECK(error("diskstats") ==
        tree.path("proc/diskstats") + " is larger than 8388608 bytes and is not read");
}

TEST_CASE("ksmd: half of its files are a failure, not an absence") {
  const Tree tree;
  tree.write("sys/kernel/mm/ksm/full_scans", "1\n");
  CHECK(error_of(tree.settings(), "ksmd") ==
        "there is no " + tree.path("sys/kernel/mm/ksm/merge_across_nodes"));
}

TEST_CASE("arp and diskstats: devices by name") {
  const Tree tree;
  tree.write("proc/net/arp", "a b c d e eth0\na b c d e eth0\na b c d e lo\n\n");
  const auto arp = [&](std::map<std::string, Settings::Value> values) {
    values.emplace("collectors.arp.netlink", false);
    return run(tree.settings(std::move(values)), "arp");
  };
  CHECK(arp({}) == "node_arp_entries{device=\"eth0\"} 2\nnode_arp_entries{device=\"lo\"} 1\n");
  CHECK(arp({{"collectors.arp.device_exclude", "^eth"}}) == "node_arp_entries{device=\"lo\"} 1\n");
  CHECK(arp({{"collectors.arp.device_include", "^eth"}}) ==
        "node_arp_entries{device=\"eth0\"} 2\n");

  tree.write("proc/diskstats",
             "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n8 1 sda1 1 2 3 4 5 6 7\n"
             "8 2 sda2 1 2 3 4 5 6 7 8 9 10 11\n");
  const auto page = run(tree.settings(), "diskstats");
  CHECK(page.find("node_disk_read_bytes_total{device=\"sda\"} 1536\n") != std::string::npos);
  CHECK(page.find("discard") == std::string::npos);
  CHECK(page.find("sda1") == std::string::npos);  // a partition, left out by default
  const auto all =
      run(tree.settings({{"collectors.diskstats.device_exclude", std::string()}}), "diskstats");
  CHECK(all.find("sda2") != std::string::npos);
  CHECK(all.find("sda1") == std::string::npos);  // the seven columns of old partitions
}

TEST_CASE("diskstats: what udev knows is read again when it changes") {
  const Tree tree;
  tree.write("proc/diskstats", "8 0 cciss/c0 1 2 3 4 5 6 7 8 9 10 11\n");
  tree.write("sys/block/cciss!c0/queue/rotational", "1\n");
  const auto exporter = plugin.create(tree.settings({{"paths.udev_data", tree.path("udev")}}));
  const auto has = [&](std::string_view text) {
    return run(*exporter, "diskstats").find(text) != std::string::npos;
  };
  CHECK(has("rotational=\"1\",serial=\"\""));
  tree.write("udev/b8:0", "E:ID_SERIAL=one\n");
  CHECK(has("serial=\"one\""));
  tree.write("udev/b8:0", "E:ID_SERIAL=other\nE:broken\n");
  CHECK(has("serial=\"other\""));
  std::filesystem::remove(tree.path("udev/b8:0"));
  CHECK(has("serial=\"\""));
}

TEST_CASE("interrupts: filters and zeros") {
  const Tree tree;
  tree.write("proc/interrupts",
             "  CPU0 CPU1\n 8:0 5 IO-APIC rtc0\nLOC: 7 0 Local timer interrupts\nERR: 1\n");
  const auto page = [&](std::map<std::string, Settings::Value> values) {
    return run(tree.settings(std::move(values)), "interrupts");
  };
  const std::string rtc =
      "node_interrupts_total{cpu=\"1\",devices=\"rtc0\",info=\"IO-APIC\",type=\"8\"} 5\n";
  CHECK(page({{"collectors.interrupts.include_zeros", false},
              {"collectors.interrupts.name_include", "^8;IO-APIC;rtc0$"}}) == rtc);
  const auto others = page({{"collectors.interrupts.name_exclude", "^8;"}});
  CHECK(others.find(rtc) == std::string::npos);
  CHECK(others.find("{cpu=\"0\",devices=\"\",info=\"Local timer interrupts\",type=\"LOC\"} 7\n") !=
        std::string::npos);
}

TEST_CASE("ipvs: backends that differ only in labels that are not asked for are summed") {
  const Tree tree;
  tree.write("proc/net/ip_vs_stats", "a\nb\n 1 2 3 4 5\n");
  tree.write("proc/net/ip_vs",
             "TCP C0A80016:0CEA wlc\n -> C0A85216:0CEA Tunnel 100 248 2\n"
             " -> C0A85318:0CEB Tunnel 50 2 3\n");
  const auto page =
      run(tree.settings({{"collectors.ipvs.backend_labels", std::vector<std::string>{"proto"}}}),
          "ipvs");
  CHECK(page.find("remote_port=\"\"} 250\n") != std::string::npos);
  CHECK(page.find("node_ipvs_backend_weight{local_address=\"\",local_mark=\"\",local_port=\"\","
                  "proto=\"TCP\",remote_address=\"\",remote_port=\"\"} 150\n") !=
        std::string::npos);
  CHECK(error_of(
            tree.settings({{"collectors.ipvs.backend_labels", std::vector<std::string>{"prot"}}}),
            "ipvs")
            .starts_with("there is no label 'prot': choose among local_address"));
  for (const auto* bad : {"TCP nonsense wlc\n", "TCP C0A8:1 wlc\n", "TCP [::g]:0050 wlc\n"}) {
    tree.write("proc/net/ip_vs", bad);
    CHECK(error_of(tree.settings(), "ipvs").starts_with(tree.path("proc/net/ip_vs") + ":1: "));
  }
}

TEST_CASE("netstat: names and numbers belong together") {
  const Tree tree;
  tree.write("proc/net/snmp", "");
  const auto settings = tree.settings({{"collectors.netstat.fields", ".*"}});
  tree.write("proc/net/netstat", "A: x y\nA: 1 2\nB: z\nB: 3\n");
  CHECK(run(settings, "netstat") == "node_netstat_A_x 1\nnode_netstat_A_y 2\nnode_netstat_B_z 3\n");
  for (const auto* bad : {"A: x\nA: 1 2\n", "A: x y\nA: 1\n", "A: x\nB: 1\n", "A: x\n", "A\nA\n"}) {
    CAPTURE(bad);
    tree.write("proc/net/netstat", bad);
    CHECK(error_of(settings, "netstat").starts_with(tree.path("proc/net/netstat") + ":"));
  }
}

TEST_CASE("os: which file counts, and quotes") {
  const Tree tree;
  const auto exporter = plugin.create(tree.settings({{"paths.rootfs", tree.path()}}));
  CHECK(run(*exporter, "os").starts_with("absent"));
  tree.write("usr/lib/os-release", "ID=usr\nVERSION_ID=7.\n");
  CHECK(run(*exporter, "os").find("id=\"usr\"") != std::string::npos);
  CHECK(run(*exporter, "os").find("node_os_version{id=\"usr\",id_like=\"\",name=\"\"} 7\n") !=
        std::string::npos);
  tree.write("etc/os-release",
             "ID='it''s'\nNAME=\"a \\\"b\\\" \\$c\"\n#NAME=x\nVERSION_ID=sid\n"
             "SUPPORT_END=2000-01-01 # then\nVARIANT=\n=\nnothing\n");
  const auto page = run(*exporter, "os");
  CHECK(page.find("id=\"its\"") != std::string::npos);
  CHECK(page.find("name=\"a \\\"b\\\" $c\"") != std::string::npos);
  CHECK(page.find("node_os_version") == std::string::npos);
  CHECK(page.find("node_os_support_end_timestamp_seconds 946684800\n") != std::string::npos);
  std::filesystem::remove(tree.path("etc/os-release"));
  CHECK(run(*exporter, "os").find("id=\"usr\"") != std::string::npos);
  tree.write("etc/os-release", "ID=x\nSUPPORT_END=2000-02-30\n");
  CHECK(run(*exporter, "os").find("support_end") == std::string::npos);
}

TEST_CASE("processes: what vanishes while it is read is no failure") {
  const Tree tree;
  const std::string rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 2 18\n";
  tree.write("proc/sys/kernel/threads-max", "100\n");
  tree.write("proc/sys/kernel/pid_max", "200\n");
  tree.write("proc/7/stat", "7 (a b) c) S" + rest);
  tree.write("proc/7/task/7/stat", "7 (a b) c) S" + rest);
  tree.write("proc/7/task/8/stat", "8 (a) Z" + rest);
  std::filesystem::create_directories(tree.path("proc/7/task/9"));
  std::filesystem::create_directories(tree.path("proc/10"));
  CHECK(run(tree.settings(), "processes") ==
        "node_processes_max_processes 200\nnode_processes_max_threads 100\nnode_processes_pids 1\n"
        "node_processes_state{state=\"S\"} 1\nnode_processes_threads 2\n"
        "node_processes_threads_state{thread_state=\"S\"} 1\n"
        "node_processes_threads_state{thread_state=\"Z\"} 1\n");
  tree.write("proc/10/stat", "10 (x\n");
  CHECK(error_of(tree.settings(), "processes") ==
        tree.path("proc/10/stat") + ":1: there is no name of a task");
}

TEST_CASE("selinux: without a policy it is off") {
  const Tree tree;
  const auto settings = tree.settings({{"paths.rootfs", tree.path()}});
  tree.write("sys/fs/selinux/enforce", "1");
  CHECK(run(settings, "selinux") ==
        "node_selinux_config_mode -1\nnode_selinux_current_mode 1\nnode_selinux_enabled 1\n");
  tree.write("etc/selinux/config", "SELINUX=enforcing\n");
  CHECK(run(settings, "selinux").starts_with("node_selinux_config_mode 1\n"));
  tree.write("proc/self/attr/current", "kernel\n");
  CHECK(run(settings, "selinux").find("enabled 1") != std::string::npos);  // not quite its name
  tree.write("proc/self/attr/current", std::string_view("kernel\0", 7));
  CHECK(run(settings, "selinux") == "node_selinux_enabled 0\n");
}

TEST_CASE("slabinfo: which caches") {
  const Tree tree;
  tree.write("proc/slabinfo", "slabinfo - version: 2.1\n# name\na1 1 2 3 4 5 :\nb1 1 2 3 4 5 :\n");
  const auto page = run(tree.settings({{"collectors.slabinfo.slabs_include", "1"},
                                       {"collectors.slabinfo.slabs_exclude", "^a"}}),
                        "slabinfo");
  CHECK(page.find("slab=\"a1\"") == std::string::npos);
  CHECK(page.find("node_slabinfo_pages_per_slab{slab=\"b1\"} 5\n") != std::string::npos);
}

TEST_CASE("softnet: kernels that do not say whose line it is") {
  const Tree tree;
  tree.write("proc/net/softnet_stat", "a 1 2 0 0 0 0 0 3\nb 0 0 0 0 0 0 0 0\n");
  const auto page = run(tree.settings(), "softnet");
  CHECK(page.find("node_softnet_processed_total{cpu=\"0\"} 10\n") != std::string::npos);
  CHECK(page.find("node_softnet_processed_total{cpu=\"1\"} 11\n") != std::string::npos);
  CHECK(page.find("node_softnet_cpu_collision_total{cpu=\"0\"} 3\n") != std::string::npos);
}

TEST_CASE("sysctl: one number, several, named ones, texts") {
  const Tree tree;
  tree.write("proc/sys/a/b-c", "1\t-2\n3\n");
  tree.write("proc/sys/one", "7\n");
  tree.write("proc/sys/empty", "\n");
  const auto page = [&](std::vector<std::string> include, std::vector<std::string> info = {}) {
    const auto settings = tree.settings({{"collectors.sysctl.include", std::move(include)},
                                         {"collectors.sysctl.include_info", std::move(info)}});
    try {
      return run(settings, "sysctl");
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  };
  CHECK(page({"one"}) == "node_sysctl_one 7\n");
  CHECK(page({"a.b-c"}) ==
        "node_sysctl_a_b_c{index=\"0\"} 1\nnode_sysctl_a_b_c{index=\"1\"} -2\n"
        "node_sysctl_a_b_c{index=\"2\"} 3\n");
  CHECK(page({"a.b-c:x,y,z"}) ==
        "node_sysctl_a_b_c_x 1\nnode_sysctl_a_b_c_y -2\nnode_sysctl_a_b_c_z 3\n");
  CHECK(page({}, {"one"}) == "node_sysctl_info{index=\"0\",name=\"one\",value=\"7\"} 1\n");
  CHECK(page({"a.b-c:x,y"}) ==
        tree.path("proc/sys/a/b-c") + " has 3 values, but the configuration names 2");
  CHECK(page({"empty"}) == tree.path("proc/sys/empty") + " is empty");
  CHECK(page({"none"}).starts_with("cannot read " + tree.path("proc/sys/none")));
  CHECK(page({""}).starts_with("'' is no name of a sysctl"));
  CHECK(page({".."}).starts_with("'..' is no name of a sysctl"));
  CHECK(page({}, {"one:x"}) == "'one:x': only numbers may have keys");
}

TEST_CASE("cpu: the frequencies belong to the collector cpufreq") {
  const Tree tree;
  tree.write("proc/stat", "cpu0 1 2 3 4 5 6 7 8 9 10\n");
  tree.write("proc/cpuinfo", "processor : 0\ncpu MHz : 2000\n");
  auto settings = tree.settings({{"collectors.cpu.info", true}});
  CHECK(run(settings, "cpu").find("node_cpu_frequency_hertz") != std::string::npos);
  settings.set_switches({{"cpufreq", false}});
  CHECK(run(settings, "cpu").find("node_cpu_frequency_hertz") == std::string::npos);
}

TEST_CASE("netdev: the alias of a device as a label") {
  const Tree tree;
  tree.write("proc/net/dev",
             "a|b\nc|d\n eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
             " lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  tree.write("sys/class/net/eth0/ifalias", "to the world\n");
  const auto page = run(tree.settings({{"collectors.netdev.netlink", false},
                                       {"collectors.netdev.label_ifalias", true}}),
                        "netdev");
  CHECK(
      page.find("node_network_receive_bytes_total{device=\"eth0\",ifalias=\"to the world\"} 1\n") !=
      std::string::npos);
  CHECK(page.find("node_network_receive_bytes_total{device=\"lo\",ifalias=\"\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("arp: the messages of the kernel") {
  ndmsg message{};
  message.ndm_ifindex = 3;
  message.ndm_state = NUD_REACHABLE;
  CHECK(neighbour_device(netlink_bytes(message)) == 3);
  message.ndm_state = NUD_NOARP;
  CHECK(neighbour_device(netlink_bytes(message)) == 0);
  CHECK(neighbour_device(netlink_bytes(message).substr(1)) == 0);
  CHECK(neighbour_device("") == 0);
  Neighbours neighbours;
  CHECK(thrown([&] {
          neighbours.count(soon());
          neighbours.count(soon());
        }).empty());
}

}  // namespace basewatch::node
