// More collectors of one class of sysfs or one file each, and all of them on hostile trees.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "exporters/node/read/bcache.h"
#include "exporters/node/read/hwmon.h"
#include "exporters/node/read/mdstat.h"
#include "exporters/node/read/nvme_name.h"
#include "exporters/node/read/pci.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

constexpr const char* kDeviceCollectors[] = {"bcache",
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
                                             "rapl",
                                             "tapestats",
                                             "powersupplyclass",
                                             "thermal_zone",
                                             "watchdog"};

}  // namespace

TEST_CASE("bcache: its numbers, reports and devices") {
  CHECK(parse_bcache_number("512") == 512);
  CHECK(parse_bcache_number("1.1k") == 1124);  // .1 is 1 of 10.24
  CHECK(parse_bcache_number("1.10k") > *parse_bcache_number("1.9k"));
  CHECK(parse_bcache_number("-1.1M") == -1150976);
  for (const auto* bad : {"", "-", "k", "1.k", "1.x", "1Q", "x", "1.1.1k"}) {
    CHECK_MESSAGE(!parse_bcache_number(bad), bad);
  }
  const Tree tree;
  CHECK(run(tree.settings(), "bcache").empty());
  const std::string set = "sys/fs/bcache/dead-beef";
  tree.write_all(set,
            {{"tree_depth", "2\n"}, {"internal/btree_read_average_duration_us", "1305\n"}});
  tree.write_all(set + "/bdev0",
            {{"dirty_data", "1.1k\n"},
             {"stats_total/cache_hits", "546\n"},
             {"writeback_rate_debug", "rate:\t\t1.1M/sec\ndirty: 1k\nchange:\t\t-1k/sec\n"}});
  tree.write_all(set + "/cache0", {{"written", "0\n"}, {"priority_stats", "Unused: 99%\nx\n"}});
  const auto page = run(tree.settings({{"collectors.bcache.priority_stats", true}}), "bcache");
  CHECK(page ==
        "node_bcache_btree_read_average_duration_seconds{uuid=\"dead-beef\"} 1.305e-06\n"
        "node_bcache_cache_hits_total{backing_device=\"bdev0\",uuid=\"dead-beef\"} 546\n"
        "node_bcache_dirty_data_bytes{backing_device=\"bdev0\",uuid=\"dead-beef\"} 1124\n"
        "node_bcache_priority_stats_unused_percent{cache_device=\"cache0\",uuid=\"dead-beef\"} 99\n"
        "node_bcache_tree_depth{uuid=\"dead-beef\"} 2\n"
        "node_bcache_writeback_change{backing_device=\"bdev0\",uuid=\"dead-beef\"} -1024\n"
        "node_bcache_writeback_rate{backing_device=\"bdev0\",uuid=\"dead-beef\"} 1150976\n"
        "node_bcache_written_bytes_total{cache_device=\"cache0\",uuid=\"dead-beef\"} 0\n");
  tree.write(set + "/bdev0/writeback_rate_debug", "dirty: 1k\nrate: ?/sec\n");
  CHECK(thrown([&] { run(tree.settings(), "bcache"); }) ==
        tree.path(set + "/bdev0/writeback_rate_debug") + ":2: '?' is no number of bcache");
}

TEST_CASE("drbd: numbers, both nodes, and words that are no pair") {
  const Tree tree;
  CHECK(run(tree.settings(), "drbd") == "absent: no DRBD\n");
  tree.write("proc/drbd",
             "version: 8.4.3 (api:1/proto:86-101)\n\n 1: cs:Connected ro:Primary/Secondary "
             "ds:UpToDate/Diskless C r-----\n    ns:17 nr:3 oos:2 wo:f\n");
  CHECK(run(tree.settings(), "drbd") ==
        "node_drbd_connected{device=\"drbd1\"} 1\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd1\",node=\"local\"} 1\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd1\",node=\"remote\"} 0\n"
        "node_drbd_network_received_bytes_total{device=\"drbd1\"} 3\n"
        "node_drbd_network_sent_bytes_total{device=\"drbd1\"} 17408\n"
        "node_drbd_node_role_is_primary{device=\"drbd1\",node=\"local\"} 1\n"
        "node_drbd_node_role_is_primary{device=\"drbd1\",node=\"remote\"} 0\n"
        "node_drbd_out_of_sync_bytes{device=\"drbd1\"} 2048\n");
  tree.write("proc/drbd", "\n ns:many\n");
  CHECK(thrown([&] { run(tree.settings(), "drbd"); }) ==
        tree.path("proc/drbd") + ":2: 'many' is no number");
}

TEST_CASE("hwmon: names of attributes, metrics and chips") {
  const auto attribute = parse_sensor_attribute("temp01_crit_alarm");
  REQUIRE(attribute);
  CHECK(attribute->type == "temp");
  CHECK(attribute->sensor == "temp1");
  CHECK(attribute->property == "crit_alarm");
  CHECK(parse_sensor_attribute("beep_enable")->sensor == "beep_enable0");
  CHECK(parse_sensor_attribute("pwm1")->property.empty());
  for (const auto* other : {"", "name", "device", "temp1x", "temp1_", "fan_div", "1temp", "uevent",
                            "temp99999999999999999999_input"}) {
    CHECK_MESSAGE(!parse_sensor_attribute(other), other);
  }
  CHECK(clean_hwmon_name("_PCH Cannon-Lake:\xC3\xBCx\xC3\xBC_") == "pch_cannon_lake:_x");
  const auto metric = [](std::string_view type, std::string_view property, bool has_bare = false) {
    return sensor_metric(type, property, has_bare, 1000).field;
  };
  CHECK(metric("temp", "input") == "temp_celsius");
  CHECK(metric("temp", "type") == "temp_type");
  CHECK(metric("pwm", "input", true) == "pwm_input");
  CHECK(metric("fan", "max") == "fan_max_rpm");
  CHECK(metric("fan", "beep") == "fan_beep_enabled");
  CHECK(metric("power", "average_interval_max") == "power_average_interval_max_seconds");
  CHECK(sensor_metric("energy", "input", false, 5e6).is_energy);

  const Tree tree;
  CHECK(run(tree.settings(), "hwmon") == "absent: no sensors\n");
  tree.write_all("sys/devices/platform/coretemp.0/hwmon/hwmon0",
            {{"name", "coretemp\n"},
             {"temp1_input", "55000\n"},
             {"temp1_label", "Package\n"},
             {"temp2_input", "N/A\n"},
             {"energy1_input", "2500000\n"},
             {"pwm1", "128\n"},
             {"freq1_input", "214000000\n"},
             {"freq1_label", "sclk\n"},
             {"vrm", "9.1\n"}});
  std::filesystem::create_directories(tree.path("sys/class/hwmon"));
  std::filesystem::create_symlink("../../devices/platform/coretemp.0/hwmon/hwmon0",
                                  tree.path("sys/class/hwmon/hwmon0"));
  std::filesystem::create_symlink("../../../coretemp.0",
                                  tree.path("sys/devices/platform/coretemp.0/hwmon/hwmon0/device"));
  std::filesystem::create_symlink("hwmon1", tree.path("sys/class/hwmon/hwmon1"));  // a loop
  const std::string chip = "{chip=\"platform_coretemp_0\",";
  CHECK(run(tree.settings({{"collectors.hwmon.sensor_exclude", "coretemp_0;vrm"}}), "hwmon") ==
        "node_hwmon_chip_names" + chip +
            "chip_name=\"coretemp\"} 1\nnode_hwmon_energy_joule_total" + chip +
            "sensor=\"energy1\"} 2.5\nnode_hwmon_freq_freq_mhz" + chip +
            "sensor=\"sclk\"} 214\nnode_hwmon_pwm" + chip +
            "sensor=\"pwm1\"} 128\nnode_hwmon_sensor_label" + chip +
            "label=\"sclk\",sensor=\"freq1\"} 1\nnode_hwmon_sensor_label" + chip +
            "label=\"Package\",sensor=\"temp1\"} 1\nnode_hwmon_temp_celsius" + chip +
            "sensor=\"temp1\"} 55\n");
  CHECK(run(tree.settings({{"collectors.hwmon.chip_include", "^acpi"}}), "hwmon").empty());
}

TEST_CASE("mdadm: arrays at rest, at work, without a status, and what sysfs adds") {
  const std::string text =
      "Personalities : [raid1] [raid6]\n"
      "md1 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)\n"
      "      195310144 blocks [2/1] [U_]\n"
      "      [=>...]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec\n"
      "\n"
      "md2 : active raid6 sda[0] sdb[1]\n"
      "      100 blocks super 1.2 level 6 [3/2] [UU_]\n"
      "      bitmap: 0/1 pages [0KB]\n"
      "      resync=DELAYED\n"
      "md3 : active raid0 sda[0] sdb[1]\n      42 blocks super 1.2\n\n"
      "md4 : inactive raid1 sda3[0](F)\n      7 blocks super 1.2\n\nunused devices: <none>\n";
  const auto arrays = parse_mdstat(text);
  REQUIRE(arrays.size() == 4);
  CHECK(arrays[0].state == "recovering");
  CHECK(arrays[0].synced == 16775552);
  CHECK(arrays[0].required == 2);
  CHECK(arrays[0].active == 1);
  CHECK(arrays[0].failed == 1);
  CHECK(arrays[0].spare == 1);
  CHECK(arrays[1].state == "resync");
  CHECK(arrays[1].synced == 0);
  CHECK(arrays[2].required == 2);
  CHECK(arrays[2].synced == 42);
  CHECK(arrays[3].state == "inactive");
  CHECK(arrays[3].required == 0);
  CHECK(parse_mdstat("").empty());
  for (const auto* bad :
       {"md0", "md0 : active", "md0 : active raid1\n x blocks\n", "md0 : active raid1\n 1 blocks\n",
        "md0 : active raid0 a[0]\n 1 blocks\n resync = 1% (x)\n"}) {
    CHECK_MESSAGE(!thrown([&] { parse_mdstat(bad); }).empty(), bad);
  }
  const Tree tree;
  CHECK(run(tree.settings(), "mdadm") == "absent: no software RAID\n");
  tree.write("proc/mdstat", "Personalities : \nunused devices: <none>\n");
  tree.write_all("sys/block/md1/md",
            {{"level", "raid1\n"}, {"raid_disks", "3 (2)\n"}, {"degraded", "1\n"}});
  tree.write_all("sys/block/md2/md", {{"level", "container\n"}, {"raid_disks", "3\n"}});
  CHECK(run(tree.settings(), "mdadm") ==
        "node_md_degraded{device=\"md1\"} 1\nnode_md_degraded{device=\"md2\"} 0\n"
        "node_md_raid_disks{device=\"md1\"} 3\n");
}

TEST_CASE("names of NVMe and places of PCI") {
  CHECK(is_nvme_controller("nvme10"));
  CHECK(!is_nvme_controller("nvme"));
  CHECK(!is_nvme_controller("nvme0n1"));
  CHECK(nvme_namespace_id("nvme0n12") == "12");
  CHECK(nvme_namespace_id("nvme0c3n1") == "1");
  CHECK(!is_nvme_namespace("nvme0c3n1"));
  for (const auto* bad : {"nvme0", "nvme0n", "nvmen1", "nvme0n1p1", "nvme0cn1", "ng0n1"}) {
    CHECK_MESSAGE(nvme_namespace_id(bad).empty(), bad);
  }
  CHECK(parse_pci_location("0000:00:1f.7")->device == "1f");
  for (const auto* bad : {"", "pci0000:00", "0:0:0", "0:0:0.g", ":::", "0:0:0.0.0"}) {
    CHECK_MESSAGE(!parse_pci_location(bad), bad);
  }
  CHECK(find_pci_names("", {0x020000, 0x1af4, 0x1000, 0, 0, 0}).vendor == "1af4");
  CHECK(find_pci_names("C 02  Net\n", {0x020000}).class_name == "Net");
  CHECK(find_pci_names("\t\t\n\t\nC \nC\n", {0x020000}).class_name == "Unknown class (020000)");
}

TEST_CASE("powersupplyclass: units, and empty labels") {
  const Tree tree;
  tree.write_all("sys/class/power_supply/BAT0",
            {{"capacity", "81\n"},
             {"energy_now", "36580000\n"},
             {"temp", "295\n"},
             {"status", "Discharging\n"},
             {"voltage_now", "\n"}});
  tree.write_all("sys/class/power_supply/AC", {{"online", "0\n"}});
  const auto page = run(tree.settings({{"collectors.powersupplyclass.ignored_supplies", "^AC$"}}),
                        "powersupplyclass");
  CHECK(
      page.starts_with("node_power_supply_capacity{power_supply=\"BAT0\"} 81\n"
                       "node_power_supply_energy_watthour{power_supply=\"BAT0\"} 36.58\n"));
  CHECK(page.find("status=\"Discharging\"") != page.npos);
  CHECK(page.ends_with("node_power_supply_temp_celsius{power_supply=\"BAT0\"} 29.5\n"));
}

TEST_CASE("rapl: zones, zones of one name, and the label instead of names") {
  const Tree tree;
  CHECK(run(tree.settings(), "rapl").starts_with("absent: "));
  tree.write_all("sys/class/powercap/a", {{"name", "package-1\n"}, {"energy_uj", "2500000\n"}});
  tree.write_all("sys/class/powercap/b", {{"name", "dram\n"}, {"energy_uj", "1\n"}});
  tree.write_all("sys/class/powercap/c", {{"name", "dram\n"}, {"energy_uj", "2\n"}});
  tree.write_all("sys/class/powercap/intel-rapl", {{"enabled", "1\n"}});
  const auto path = [&](const std::string& zone) {
    return "path=\"" + tree.path("sys/class/powercap/" + zone) + "\"";
  };
  CHECK(run(tree.settings(), "rapl") ==
        "node_rapl_dram_joules_total{index=\"0\"," + path("b") +
            "} 0.000001\nnode_rapl_dram_joules_total{index=\"1\"," + path("c") +
            "} 0.000002\nnode_rapl_package_joules_total{index=\"1\"," + path("a") + "} 2.5\n");
  CHECK(run(tree.settings({{"collectors.rapl.enable_zone_label", true}}), "rapl")
            .starts_with("node_rapl_joules_total{index=\"1\"," + path("a") +
                         ",rapl_zone=\"package\"} 2.5\n"));
  tree.write("sys/class/powercap/a/energy_uj", "lots\n");
  CHECK(thrown([&] { run(tree.settings(), "rapl"); }) ==
        tree.path("sys/class/powercap/a/energy_uj") + ": cannot be read as a number");
}

TEST_CASE("tapestats, thermal_zone, watchdog") {
  const Tree tree;
  CHECK(run(tree.settings(), "tapestats") == "absent: no tape drives\n");
  CHECK(run(tree.settings(), "thermal_zone").empty());
  CHECK(run(tree.settings(), "watchdog") == "absent: no watchdog\n");
  for (const std::string name : {"st0", "nst0", "st0a"}) {
    tree.write_all("sys/class/scsi_tape/" + name + "/stats",
              {{"in_flight", "1\n"}, {"io_ns", "9247011087720\n"}});
  }
  CHECK(run(tree.settings(), "tapestats") ==
        "node_tape_io_now{device=\"st0\"} 1\n"
        "node_tape_io_time_seconds_total{device=\"st0\"} 9247.01108772\n");
  tree.write_all("sys/class/thermal/thermal_zone0", {{"type", "cpu\n"}, {"temp", "-12376\n"}});
  tree.write_all("sys/class/thermal/thermal_zone1", {{"type", "off\n"}});
  tree.write_all("sys/class/thermal/cooling_device0",
            {{"type", "Processor\n"}, {"cur_state", "-1\n"}, {"max_state", "3\n"}});
  CHECK(run(tree.settings(), "thermal_zone") ==
        "node_cooling_device_cur_state{name=\"0\",type=\"Processor\"} -1\n"
        "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 3\n"
        "node_thermal_zone_temp{type=\"cpu\",zone=\"0\"} -12.376\n");
  tree.write_all("sys/class/watchdog/watchdog0",
            {{"timeout", "60\n"}, {"identity", "Software Watchdog\n"}, {"options", "0x8380\n"}});
  CHECK(run(tree.settings(), "watchdog") ==
        "node_watchdog_info{identity=\"Software Watchdog\",name=\"watchdog0\",options=\"0x8380\","
        "pretimeout_governor=\"\",state=\"\",status=\"\"} 1\n"
        "node_watchdog_timeout_seconds{name=\"watchdog0\"} 60\n");
}

TEST_CASE(
    "devices that are files, loops, pipes, unreadable or full of garbage cost a reason at most") {
  const char* const folders[] = {"fs/bcache",
                                 "class/net",
                                 "devices/system/cpu",
                                 "devices/system/cpu/vulnerabilities",
                                 "class/dmi/id",
                                 "block",
                                 "devices/system/edac/mc",
                                 "class/fc_host",
                                 "class/hwmon",
                                 "class/infiniband",
                                 "class/nvme",
                                 "class/nvme-subsystem",
                                 "bus/pci/devices",
                                 "class/power_supply",
                                 "class/powercap",
                                 "class/scsi_tape",
                                 "class/thermal",
                                 "class/watchdog"};
  const char* const devices[] = {"a-b",          "bond0",        "cpu0", "dm-0",
                                 "mc0",          "host0",        "md0",  "nvme0",
                                 "nvme-subsys0", "0000:00:00.0", "st0",  "thermal_zone0"};
  const Tree files, loops, broken;
  for (const std::string folder : folders) {
    for (const std::string device : devices) {
      const auto path = "sys/" + folder + "/" + device;
      std::error_code error;
      if (folder != "devices/system/cpu/vulnerabilities") {
        std::filesystem::create_directories(loops.path("sys/" + folder));
        std::filesystem::create_symlink(device, loops.path(path), error);
        files.write(path, "text\n");
      }
      std::filesystem::create_directories(broken.path(path));
      mkfifo(broken.path(path + "/uevent").c_str(), 0600);
      std::filesystem::create_directory_symlink("..", broken.path(path + "/device"), error);
      for (const auto* name : {"name", "temp1_input", "energy_uj", "type", "temp", "level",
                               "ce_count", "speed", "flags", "tree_depth", "rate", "class"}) {
        broken.write(path + "/" + name, "\xff\xfe\x00garbage");
      }
    }
  }
  for (const auto* tree : {&files, &loops, &broken}) {
    const auto exporter = plugin.create(tree->settings());
    for (const auto* name : kDeviceCollectors) {
      const auto reason = thrown([&] { run(*exporter, name); });
      CHECK_MESSAGE((reason.empty() || reason.find(tree->path()) != reason.npos), reason);
      CHECK_MESSAGE(reason.find('\n') == reason.npos, reason);
    }
  }
}

}  // namespace basewatch::node
