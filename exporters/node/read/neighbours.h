#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <map>
#include <string>

#include "exporters/node/read/netlink.h"
#include "exporters/node/read/source.h"

namespace basewatch::node {

// How many IPv4 neighbours each network device has.
using NeighbourCounts = std::map<std::string, std::uint64_t>;

NeighbourCounts parse_arp(const Source& proc_net_arp);

// The index of the device of a neighbour message's body; 0 for one that does not count: devices
// that need no ARP have their neighbours marked so.
int neighbour_device(std::string_view body);

// Asks the kernel by netlink. One thread at a time.
class Neighbours {
 public:
  NeighbourCounts count(const Deadline& deadline);

 private:
  Netlink netlink_{NETLINK_ROUTE};
};

}  // namespace basewatch::node
