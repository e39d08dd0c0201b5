#pragma once

#include <linux/if_link.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace basewatch::node {

// A metric node_network_<field>_total, and the counters of a network device whose sum it is.
struct LinkCounter {
  std::string_view field;
  std::array<__u64 rtnl_link_stats64::*, 4> counters;
};

// The kernel's own counters, each for itself.
inline constexpr LinkCounter kDetailedCounters[] = {
    {"receive_packets", {&rtnl_link_stats64::rx_packets}},
    {"transmit_packets", {&rtnl_link_stats64::tx_packets}},
    {"receive_bytes", {&rtnl_link_stats64::rx_bytes}},
    {"transmit_bytes", {&rtnl_link_stats64::tx_bytes}},
    {"receive_errors", {&rtnl_link_stats64::rx_errors}},
    {"transmit_errors", {&rtnl_link_stats64::tx_errors}},
    {"receive_dropped", {&rtnl_link_stats64::rx_dropped}},
    {"transmit_dropped", {&rtnl_link_stats64::tx_dropped}},
    {"multicast", {&rtnl_link_stats64::multicast}},
    {"collisions", {&rtnl_link_stats64::collisions}},
    {"receive_length_errors", {&rtnl_link_stats64::rx_length_errors}},
    {"receive_over_errors", {&rtnl_link_stats64::rx_over_errors}},
    {"receive_crc_errors", {&rtnl_link_stats64::rx_crc_errors}},
    {"receive_frame_errors", {&rtnl_link_stats64::rx_frame_errors}},
    {"receive_fifo_errors", {&rtnl_link_stats64::rx_fifo_errors}},
    {"receive_missed_errors", {&rtnl_link_stats64::rx_missed_errors}},
    {"transmit_aborted_errors", {&rtnl_link_stats64::tx_aborted_errors}},
    {"transmit_carrier_errors", {&rtnl_link_stats64::tx_carrier_errors}},
    {"transmit_fifo_errors", {&rtnl_link_stats64::tx_fifo_errors}},
    {"transmit_heartbeat_errors", {&rtnl_link_stats64::tx_heartbeat_errors}},
    {"transmit_window_errors", {&rtnl_link_stats64::tx_window_errors}},
    {"receive_compressed", {&rtnl_link_stats64::rx_compressed}},
    {"transmit_compressed", {&rtnl_link_stats64::tx_compressed}},
    {"receive_nohandler", {&rtnl_link_stats64::rx_nohandler}},
};

inline std::uint64_t sum(const LinkCounter& row, const rtnl_link_stats64& stats) {
  std::uint64_t total = 0;
  for (const auto counter : row.counters) {
    if (counter) total += stats.*counter;
  }
  return total;
}

}  // namespace basewatch::node
