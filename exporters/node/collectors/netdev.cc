// What the kernel counts for each network device: by netlink, or from /proc/net/dev.
#include <fmt/format.h>

#include <array>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/link_counters.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kNetdevOptions[] = {
    {"collectors.netdev.device_include", OptionType::regex, "", "Which devices are looked at."},
    {"collectors.netdev.device_exclude", OptionType::regex, "", "Which devices are left out."},
    {"collectors.netdev.address_info", OptionType::flag, "false",
     "Adds node_network_address_info."},
    {"collectors.netdev.enable_detailed_metrics", OptionType::flag, "false",
     "The kernel's own, finer counters instead of those of /proc/net/dev; other metric names."},
    {"collectors.netdev.label_ifalias", OptionType::flag, "false",
     "Adds the label ifalias, the name that the administrator gave a device."},
    {"collectors.netdev.netlink", OptionType::flag, "true",
     "Asks by netlink; false reads <procfs>/net/dev."},
};

using Stats = rtnl_link_stats64;

// The counters as /proc/net/dev has always had them; some are sums of finer ones.
constexpr LinkCounter kPlain[] = {
    {"receive_bytes", {&Stats::rx_bytes}},
    {"receive_packets", {&Stats::rx_packets}},
    {"receive_errs", {&Stats::rx_errors}},
    {"receive_drop", {&Stats::rx_dropped, &Stats::rx_missed_errors}},
    {"receive_fifo", {&Stats::rx_fifo_errors}},
    {"receive_frame",
     {&Stats::rx_frame_errors, &Stats::rx_length_errors, &Stats::rx_over_errors,
      &Stats::rx_crc_errors}},
    {"receive_compressed", {&Stats::rx_compressed}},
    {"receive_multicast", {&Stats::multicast}},
    {"receive_nohandler", {&Stats::rx_nohandler}},
    {"transmit_bytes", {&Stats::tx_bytes}},
    {"transmit_packets", {&Stats::tx_packets}},
    {"transmit_errs", {&Stats::tx_errors}},
    {"transmit_drop", {&Stats::tx_dropped}},
    {"transmit_fifo", {&Stats::tx_fifo_errors}},
    {"transmit_colls", {&Stats::collisions}},
    {"transmit_carrier",
     {&Stats::tx_carrier_errors, &Stats::tx_aborted_errors, &Stats::tx_heartbeat_errors,
      &Stats::tx_window_errors}},
    {"transmit_compressed", {&Stats::tx_compressed}},
};

// The kernel's own, as far as /proc/net/dev tells them apart.
constexpr LinkCounter kDetailedProc[] = {
    {"receive_bytes", {&Stats::rx_bytes}},
    {"receive_packets", {&Stats::rx_packets}},
    {"receive_errors", {&Stats::rx_errors}},
    {"receive_dropped", {&Stats::rx_dropped}},
    {"receive_fifo", {&Stats::rx_fifo_errors}},
    {"receive_frame", {&Stats::rx_frame_errors}},
    {"receive_compressed", {&Stats::rx_compressed}},
    {"receive_multicast", {&Stats::multicast}},
    {"transmit_bytes", {&Stats::tx_bytes}},
    {"transmit_packets", {&Stats::tx_packets}},
    {"transmit_errors", {&Stats::tx_errors}},
    {"transmit_dropped", {&Stats::tx_dropped}},
    {"transmit_fifo", {&Stats::tx_fifo_errors}},
    {"transmit_colls", {&Stats::collisions}},
    {"transmit_carrier", {&Stats::tx_carrier_errors}},
    {"transmit_compressed", {&Stats::tx_compressed}},
};

class Netdev final : public NodeCollector {
 public:
  explicit Netdev(const Setup& setup)
      : file_(setup.proc("net/dev")),
        devices_(setup.settings, "collectors.netdev.device_exclude",
                 "collectors.netdev.device_include"),
        by_netlink_(setup.settings.flag("collectors.netdev.netlink")),
        detailed_(setup.settings.flag("collectors.netdev.enable_detailed_metrics")),
        with_addresses_(setup.settings.flag("collectors.netdev.address_info")),
        with_alias_(setup.settings.flag("collectors.netdev.label_ifalias")),
        class_folder_(setup.sys("class/net")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    auto devices = by_netlink_ ? links_.list(deadline) : parse_net_dev(file_.read());
    std::erase_if(devices, [&](const Device& device) { return !devices_.accepts(device.name); });
    if (with_alias_) read_aliases(devices);
    for (const auto& row : rows()) {
      if (!by_netlink_ && row.field == "receive_nohandler") continue;  // no such column there
      for (const auto& device : devices) {
        add(page, row, device);
      }
    }
    if (with_addresses_) add_addresses(page);
    return done();
  }

 private:
  std::span<const LinkCounter> rows() const {
    if (!detailed_) return kPlain;
    return by_netlink_ ? std::span<const LinkCounter>(kDetailedCounters) : kDetailedProc;
  }

  void add(Page& page, const LinkCounter& row, const Device& device) {
    const auto value = static_cast<double>(sum(row, device.stats));
    if (!with_alias_) {
      page.add(metrics::node::network_total, row.field, value, device.name);
      return;
    }
    constexpr std::string_view kNames[] = {"device", "ifalias"};
    const auto& family = metrics::node::network_total.spec;
    const auto name = family.name(row.field);
    const auto help = fmt::format("Counter {} of a network device.", row.field);
    const std::string_view labels[] = {device.name, aliases_[device.name]};
    page.add(MetricSpec{family.type, name, help, {}, kNames}, value, labels);
  }

  void read_aliases(const std::vector<Device>& devices) {
    aliases_.clear();
    const auto folder = SysFolder::open(class_folder_);
    for (const auto& device : devices) {
      if (folder) aliases_[device.name] = folder->text(device.name + "/ifalias").value_or("");
    }
  }

  void add_addresses(Page& page) const {
    for (const auto& [device, address, prefix, scope] : list_addresses()) {
      if (!devices_.accepts(device)) continue;
      page.add(metrics::node::network_address_info, 1, device, address, prefix, scope);
    }
  }

  KeptFile file_;
  Links links_;
  NameFilter devices_;
  bool by_netlink_, detailed_, with_addresses_, with_alias_;
  std::string class_folder_;
  std::map<std::string, std::string> aliases_;  // of this run
};

}  // namespace

// A driver that hangs holds the kernel's lock on all devices: netlink waits then.
constinit const CollectorKind netdev_collector{"netdev", kOwnLane, true, kNetdevOptions,
                                               create<Netdev>};

}  // namespace basewatch::node
