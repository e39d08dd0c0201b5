// The collectors that read one class of sysfs each: what they make of a small tree of it, and that
// nothing a driver may write there does worse than cost its own series.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

void link(const Tree& tree, const std::string& target, const std::string& name) {
  std::filesystem::create_directories(std::filesystem::path(tree.path(name)).parent_path());
  std::filesystem::create_symlink(target, tree.path(name));
}

}  // namespace

TEST_CASE("bonding: devices of a bond, by both names of their links") {
  const Tree tree;
  CHECK(run(tree.settings(), "bonding") == "absent: no bonding driver\n");
  tree.write("sys/class/net/bonding_masters", "bond0 bond1\n");
  tree.write("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
  tree.write("sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n");
  tree.write("sys/class/net/bond0/slave_eth1/bonding_slave/mii_status", "down\n");
  tree.write("sys/class/net/bond1/bonding/slaves", "\n");
  CHECK(run(tree.settings(), "bonding") ==
        "node_bonding_active{master=\"bond0\"} 1\nnode_bonding_active{master=\"bond1\"} 0\n"
        "node_bonding_slaves{master=\"bond0\"} 2\nnode_bonding_slaves{master=\"bond1\"} 0\n");
}

TEST_CASE("cpu_vulnerabilities: state and mitigation") {
  const Tree tree;
  tree.write_all("sys/devices/system/cpu/vulnerabilities",
            {{"itlb_multihit", "Not affected\n"},
             {"mds", "Vulnerable: Clear CPU buffers  attempted, no microcode\n"},
             {"spectre_v1", "Mitigation: usercopy/swapgs barriers\n"},
             {"srbds", "Unknown: Dependent on hypervisor status\n"},
             {"strange", "Something else\n"}});
  const std::string name = "node_cpu_vulnerabilities_info{codename=";
  CHECK(
      run(tree.settings(), "cpu_vulnerabilities") ==
      name + "\"itlb_multihit\",mitigation=\"\",state=\"not affected\"} 1\n" + name +
          "\"mds\",mitigation=\"Clear CPU buffers attempted, no microcode\",state=\"vulnerable\"} "
          "1\n" +
          name +
          "\"spectre_v1\",mitigation=\"usercopy/swapgs barriers\",state=\"mitigation\"} 1\n" +
          name + "\"srbds\",mitigation=\"Dependent on hypervisor status\",state=\"unknown\"} 1\n" +
          name + "\"strange\",mitigation=\"Something else\",state=\"unknown\"} 1\n");
}

TEST_CASE("cpufreq: kHz become Hz, processors that are off are left out") {
  const Tree tree;
  tree.write("sys/devices/system/cpu/offline", "1-2\n");
  for (const std::string cpu : {"cpu0", "cpu1"}) {
    tree.write_all("sys/devices/system/cpu/" + cpu + "/cpufreq",
              {{"cpuinfo_cur_freq", "1699981\n"},
               {"cpuinfo_max_freq", "3700000\n"},
               {"scaling_cur_freq", "1699981\n"},
               {"scaling_governor", "powersave\n"},
               {"scaling_available_governors", "performance powersave\n"}});
  }
  tree.write("sys/devices/system/cpu/cpufreq/policy0/x", "");
  CHECK(run(tree.settings(), "cpufreq") ==
        "node_cpu_frequency_hertz{core=\"\",cpu=\"0\",package=\"\"} 1699981000\n"
        "node_cpu_frequency_max_hertz{cpu=\"0\"} 3700000000\n"
        "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1699981000\n"
        "node_cpu_scaling_governor{cpu=\"0\",governor=\"performance\"} 0\n"
        "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1\n");
  tree.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "fast\n");
  CHECK(thrown([&] { run(tree.settings(), "cpufreq"); }) ==
        tree.path("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq") +
            ": 'fast' is no number");
}

TEST_CASE("dmi: what is there, also when it is no text") {
  const Tree tree;
  CHECK(run(tree.settings(), "dmi").starts_with("absent: "));
  tree.write_all("sys/class/dmi/id",
            {{"sys_vendor", "QEMU\n"}, {"product_name", "a\xff\"b\n"}, {"uevent", "X=1\n"}});
  const auto page = run(tree.settings(), "dmi");
  CHECK(page.find("system_vendor=\"QEMU\"") != page.npos);
  CHECK(page.find("product_name=\"a\xEF\xBF\xBD\\\"b\"") != page.npos);
  CHECK(page.ends_with("} 1\n"));
}

TEST_CASE("dmmultipath: a device, its paths, and what is no multipath device") {
  const Tree tree;
  tree.write_all("sys/block/dm-0",
            {{"dm/uuid", "mpath-36\n"},
             {"dm/name", "mpatha\n"},
             {"dm/suspended", "0\n"},
             {"size", "2048\n"}});
  tree.write("sys/block/dm-0/slaves/sda/x", "");
  tree.write("sys/block/dm-0/slaves/sdb/x", "");
  tree.write("sys/block/dm-0/slaves/sdc/x", "");  // is going
  tree.write("sys/block/sda/device/state", "running\n");
  tree.write("sys/block/sdb/device/state", "offline\n");
  tree.write("sys/block/dm-1/dm/uuid", "LVM-36\n");
  CHECK(run(tree.settings(), "dmmultipath") ==
        "node_dmmultipath_device_active{device=\"mpatha\",sysfs_name=\"dm-0\"} 1\n"
        "node_dmmultipath_device_info{device=\"mpatha\",sysfs_name=\"dm-0\",uuid=\"mpath-36\"} 1\n"
        "node_dmmultipath_device_paths{device=\"mpatha\",sysfs_name=\"dm-0\"} 2\n"
        "node_dmmultipath_device_paths_active{device=\"mpatha\",sysfs_name=\"dm-0\"} 1\n"
        "node_dmmultipath_device_paths_failed{device=\"mpatha\",sysfs_name=\"dm-0\"} 1\n"
        "node_dmmultipath_device_size_bytes{device=\"mpatha\",sysfs_name=\"dm-0\"} 1048576\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"sda\",state=\"running\"} 1\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"sdb\",state=\"offline\"} 1\n");
}

TEST_CASE("edac: controllers, rows, channels and what a module is called") {
  const Tree tree;
  CHECK(run(tree.settings(), "edac").empty());
  tree.write_all("sys/devices/system/edac/mc/mc0",
            {{"ce_count", "1\n"}, {"ue_count", "5\n"}, {"ue_noinfo_count", "6\n"}});
  tree.write_all("sys/devices/system/edac/mc/mc0/csrow0",
            {{"ce_count", "3\n"},
             {"ch0_ce_count", "4\n"},
             {"ch0_dimm_label", "mc#0csrow#0\n"},
             {"chx_ce_count", "9\n"}});
  CHECK(run(tree.settings(), "edac") ==
        "node_edac_channel_correctable_errors_total{channel=\"0\",controller=\"0\",csrow=\"0\","
        "dimm_label=\"mc0_csrow0\"} 4\n"
        "node_edac_correctable_errors_total{controller=\"0\"} 1\n"
        "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"0\"} 3\n"
        "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"unknown\"} 6\n"
        "node_edac_uncorrectable_errors_total{controller=\"0\"} 5\n");
}

TEST_CASE("fibrechannel: hexadecimal counters, and those that the adapter does not count") {
  const Tree tree;
  CHECK(run(tree.settings(), "fibrechannel") == "absent: no Fibre Channel\n");
  tree.write_all("sys/class/fc_host/host0",
            {{"port_id", "0x000002\n"},
             {"port_state", "Online\n"},
             {"speed", "16 Gbit\n"},
             {"statistics/rx_frames", "0x10\n"},
             {"statistics/tx_frames", "0xffffffffffffffff\n"}});
  const auto page = run(tree.settings(), "fibrechannel");
  CHECK(page.find("port_id=\"000002\"") != page.npos);
  CHECK(page.find("speed=\"16 Gbit\"") != page.npos);
  CHECK(page.ends_with("node_fibrechannel_rx_frames_total{fc_host=\"host0\"} 16\n"));
}

TEST_CASE("infiniband: states, rate, counters in words, and counters that are not there") {
  const Tree tree;
  tree.write_all("sys/class/infiniband/mlx4_0",
            {{"board_id", "SM_1\n"}, {"fw_ver", "2.31\n"}, {"hca_type", "MT4099\n"}});
  tree.write_all("sys/class/infiniband/mlx4_0/ports/1",
            {{"state", "4: ACTIVE\n"},
             {"phys_state", "5: LinkUp\n"},
             {"rate", "2.5 Gb/sec (1X)\n"},
             {"counters/port_rcv_data", "3\n"},
             {"counters/symbol_error", "N/A (no PMA)\n"},
             {"hw_counters/lifespan", "1999\n"},
             {"hw_counters/out_of_buffer", "7\n"}});
  const std::string port = "{device=\"mlx4_0\",port=\"1\"} ";
  CHECK(run(tree.settings(), "infiniband") ==
        "node_infiniband_info{board_id=\"SM_1\",device=\"mlx4_0\",firmware_version=\"2.31\","
        "hca_type=\"MT4099\"} 1\nnode_infiniband_lifespan_seconds" +
            port + "1\nnode_infiniband_out_of_buffer_drops_total" + port +
            "7\nnode_infiniband_physical_state_id" + port +
            "5\nnode_infiniband_port_data_received_bytes_total" + port +
            "12\nnode_infiniband_rate_bytes_per_second" + port +
            "312500000\nnode_infiniband_state_id" + port + "4\n");
  tree.write("sys/class/infiniband/mlx4_0/ports/1/rate", "fast\n");
  CHECK(thrown([&] { run(tree.settings(), "infiniband"); }).ends_with("/rate: 'fast' is no rate"));
}

TEST_CASE("netclass: a device, one whose speed is not known, one that is ignored, and a file") {
  const Tree tree;
  tree.write("sys/class/net/bonding_masters", "bond0\n");
  tree.write_all("sys/class/net/eth0",
            {{"operstate", "up\n"},
             {"flags", "0x1003\n"},
             {"address", "02:00\n"},
             {"speed", "1000\n"},
             {"duplex", "full\n"},
             {"mtu", "1500\n"},
             {"carrier", "1\n"}});
  tree.write_all("sys/class/net/tun0", {{"operstate", "unknown\n"}, {"speed", "-1\n"}});
  tree.write_all("sys/class/net/veth1", {{"operstate", "up\n"}});
  const std::map<std::string, Settings::Value> options{
      {"collectors.netclass.ignored_devices", "^veth"}};
  const auto page = run(tree.settings(options), "netclass");
  CHECK(
      page.starts_with("node_network_carrier{device=\"eth0\"} 1\n"
                       "node_network_flags{device=\"eth0\"} 4099\n"));
  CHECK(page.find("node_network_info{address=\"02:00\",adminstate=\"up\",broadcast=\"\",device="
                  "\"eth0\",duplex=\"full\",ifalias=\"\",operstate=\"up\"} 1\n") != page.npos);
  CHECK(page.find("node_network_speed_bytes{device=\"eth0\"} 125000000\n"
                  "node_network_speed_bytes{device=\"tun0\"} -125000\n") != page.npos);
  CHECK(page.find("adminstate=\"unknown\"") != page.npos);
  CHECK(page.find("veth1") == page.npos);
  CHECK(page.find("bonding") == page.npos);
  auto strict = options;
  strict["collectors.netclass.ignore_invalid_speed"] = true;
  CHECK(run(tree.settings(strict), "netclass").find("-125000") == std::string::npos);
}

TEST_CASE("nvme: controllers, namespaces and the ways to them") {
  const Tree tree;
  tree.write_all("sys/class/nvme/nvme0",
            {{"model", "X\n"},
             {"state", "live\n"},
             {"nvme0c0n2/size", "100\n"},
             {"nvme0c0n2/nuse", "10\n"},
             {"nvme0c0n2/queue/logical_block_size", "512\n"},
             {"nvme0c0n2/ana_state", "optimized\n"},
             {"ng0n2/x", ""}});
  const auto page = run(tree.settings(), "nvme");
  CHECK(page.find(
            "node_nvme_namespace_info{ana_state=\"optimized\",device=\"nvme0\",nsid=\"2\"} 1") !=
        page.npos);
  CHECK(page.find("node_nvme_namespace_size_bytes{device=\"nvme0\",nsid=\"2\"} 51200\n") !=
        page.npos);
  CHECK(page.ends_with("node_nvme_namespace_used_bytes{device=\"nvme0\",nsid=\"2\"} 5120\n"));
}

TEST_CASE("nvmesubsystem: paths and their states") {
  const Tree tree;
  const std::string folder = "sys/class/nvme-subsystem/nvme-subsys0";
  tree.write_all(folder, {{"subsysnqn", "nqn.x\n"}, {"nvme0n1/x", ""}, {"nvme0c1n1/x", ""}});
  tree.write_all(folder + "/nvme0", {{"state", "live\n"}, {"transport", "tcp\n"}});
  tree.write_all(folder + "/nvme1", {{"state", "deleting (no IO)\n"}, {"transport", "tcp\n"}});
  tree.write_all(folder + "/nvme2", {{"state", "new kind\n"}});
  const auto page = run(tree.settings(), "nvmesubsystem");
  CHECK(page.find("node_nvmesubsystem_namespace_info{device=\"nvme0n1\",subsystem=\"nvme-subsys0\"}"
                  " 1\nnode_nvmesubsystem_path_state") != page.npos);
  for (const auto* state : {"\"nvme0\",state=\"live\"", "\"nvme1\",state=\"deleting\"",
                            "\"nvme2\",state=\"unknown\""}) {
    CHECK_MESSAGE(page.find(std::string("{controller=") + state) != page.npos, state);
  }
  CHECK(
      page.ends_with("node_nvmesubsystem_paths{subsystem=\"nvme-subsys0\"} 3\n"
                     "node_nvmesubsystem_paths_live{subsystem=\"nvme-subsys0\"} 1\n"));
}

TEST_CASE("pcidevice: place, parent, links and names") {
  const Tree tree;
  const std::string real = "sys/devices/pci0000:00/0000:00:02.1/0000:01:00.0";
  tree.write_all(real,
            {{"class", "0x010802\n"},
             {"vendor", "0xc0a9\n"},
             {"device", "0x540a\n"},
             {"subsystem_vendor", "0xc0a9\n"},
             {"subsystem_device", "0x5021\n"},
             {"revision", "0x01\n"},
             {"max_link_speed", "16.0 GT/s PCIe\n"},
             {"max_link_width", "4\n"},
             {"current_link_speed", "Unknown\n"},
             {"numa_node", "-1\n"},
             {"power_state", "D0\n"},
             {"d3cold_allowed", "1\n"}});
  link(tree, "../../../devices/pci0000:00/0000:00:02.1/0000:01:00.0",
       "sys/bus/pci/devices/0000:01:00.0");
  tree.write("pci.ids",
             "c0a9  Micron\n\t540a  P2\n\t\tc0a9 5021  PS5021\nC 01  Storage\n\t08  NVM\n");
  const auto page = run(tree.settings({{"collectors.pcidevice.names", true},
                                       {"collectors.pcidevice.idsfile", tree.path("pci.ids")}}),
                        "pcidevice");
  const std::string at = "{bus=\"01\",device=\"00\",function=\"0\",segment=\"0000\"} ";
  CHECK(page.find("node_pcidevice_max_link_transfers_per_second" + at + "16000000000\n") != page.npos);
  CHECK(page.find("node_pcidevice_current_link_transfers_per_second" + at + "-1\n") != page.npos);
  CHECK(page.find("node_pcidevice_d3cold_allowed" + at + "1\n") != page.npos);
  CHECK(page.find("numa_node") == page.npos);
  CHECK(page.find("parent_bus=\"00\",parent_device=\"02\",parent_function=\"1\"") != page.npos);
  CHECK(page.find("class_name=\"NVM\"") != page.npos);
  CHECK(page.find("device_name=\"P2\"") != page.npos);
  CHECK(page.find("subsystem_device_name=\"PS5021\"") != page.npos);
  CHECK(page.find("vendor_name=\"Micron\"") != page.npos);
}

}  // namespace basewatch::node
