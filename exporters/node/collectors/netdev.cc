// What the kernel counts for each network device: by netlink, or from /proc/net/dev.
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/net.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kOptions[] = {
    {"collectors.netdev.device_include", OptionType::regex, "", "Which devices are looked at."},
    {"collectors.netdev.device_exclude", OptionType::regex, "", "Which devices are left out."},
    {"collectors.netdev.address_info", OptionType::flag, "false",
     "Adds node_network_address_info."},
    {"collectors.netdev.enable_detailed_metrics", OptionType::flag, "false",
     "The kernel's own, finer counters instead of those of /proc/net/dev; other metric names."},
    {"collectors.netdev.netlink", OptionType::flag, "true",
     "Asks by netlink; false reads <procfs>/net/dev."},
};

using Stats = rtnl_link_stats64;

// A metric, and the counters whose sum it is.
struct Row {
  std::string_view field;
  std::array<__u64 Stats::*, 4> counters;
};

// The counters as /proc/net/dev has always had them; some are sums of finer ones.
constexpr Row kPlain[] = {
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

// The kernel's own.
constexpr Row kDetailed[] = {
    {"receive_packets", {&Stats::rx_packets}},
    {"transmit_packets", {&Stats::tx_packets}},
    {"receive_bytes", {&Stats::rx_bytes}},
    {"transmit_bytes", {&Stats::tx_bytes}},
    {"receive_errors", {&Stats::rx_errors}},
    {"transmit_errors", {&Stats::tx_errors}},
    {"receive_dropped", {&Stats::rx_dropped}},
    {"transmit_dropped", {&Stats::tx_dropped}},
    {"multicast", {&Stats::multicast}},
    {"collisions", {&Stats::collisions}},
    {"receive_length_errors", {&Stats::rx_length_errors}},
    {"receive_over_errors", {&Stats::rx_over_errors}},
    {"receive_crc_errors", {&Stats::rx_crc_errors}},
    {"receive_frame_errors", {&Stats::rx_frame_errors}},
    {"receive_fifo_errors", {&Stats::rx_fifo_errors}},
    {"receive_missed_errors", {&Stats::rx_missed_errors}},
    {"transmit_aborted_errors", {&Stats::tx_aborted_errors}},
    {"transmit_carrier_errors", {&Stats::tx_carrier_errors}},
    {"transmit_fifo_errors", {&Stats::tx_fifo_errors}},
    {"transmit_heartbeat_errors", {&Stats::tx_heartbeat_errors}},
    {"transmit_window_errors", {&Stats::tx_window_errors}},
    {"receive_compressed", {&Stats::rx_compressed}},
    {"transmit_compressed", {&Stats::tx_compressed}},
    {"receive_nohandler", {&Stats::rx_nohandler}},
};

// The kernel's own, as far as /proc/net/dev tells them apart.
constexpr Row kDetailedProc[] = {
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

std::uint64_t sum(const Row& row, const Stats& stats) {
  std::uint64_t total = 0;
  for (const auto counter : row.counters) {
    if (counter) total += stats.*counter;
  }
  return total;
}

class Netdev final : public NodeCollector {
 public:
  explicit Netdev(const Setup& setup)
      : file_(setup.proc("net/dev")),
        devices_(setup.settings, "collectors.netdev.device_exclude",
                 "collectors.netdev.device_include"),
        by_netlink_(setup.settings.flag("collectors.netdev.netlink")),
        detailed_(setup.settings.flag("collectors.netdev.enable_detailed_metrics")),
        with_addresses_(setup.settings.flag("collectors.netdev.address_info")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    auto devices = by_netlink_ ? links_.list(deadline) : parse_net_dev(file_.read());
    std::erase_if(devices, [&](const Device& device) { return !devices_.accepts(device.name); });
    for (const auto& row : rows()) {
      if (!by_netlink_ && row.field == "receive_nohandler") continue;  // no such column there
      for (const auto& device : devices) {
        page.add(metrics::node::network_total, row.field,
                 static_cast<double>(sum(row, device.stats)), device.name);
      }
    }
    if (with_addresses_) add_addresses(page);
    return done();
  }

 private:
  std::span<const Row> rows() const {
    if (!detailed_) return kPlain;
    return by_netlink_ ? std::span<const Row>(kDetailed) : kDetailedProc;
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
  bool by_netlink_, detailed_, with_addresses_;
};

}  // namespace

// A driver that hangs holds the kernel's lock on all devices: netlink waits then.
constinit const CollectorKind netdev_collector{"netdev", kOwnLane, true, kOptions, create<Netdev>};

}  // namespace basewatch::node
