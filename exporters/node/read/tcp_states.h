#pragma once

#include <array>
#include <cstdint>

#include "exporters/node/read/netlink.h"

namespace basewatch::node {

// The TCP sockets of this network namespace.
struct TcpStates {
  static constexpr std::size_t kStates = 12;  // the kernel's numbers; 0 is for one that is unknown
  std::array<std::uint64_t, kStates> sockets{};
  std::uint64_t received = 0, unsent = 0;  // bytes that wait for the program, and for the network
  std::uint64_t all = 0;
};

// A message of a SOCK_DIAG_BY_FAMILY dump.
void parse_tcp_socket(const NetlinkMessage& message, TcpStates& out);

}  // namespace basewatch::node
