#pragma once

#include <linux/if_link.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "exporters/node/read/netlink.h"
#include "exporters/node/read/source.h"

// What the kernel counts for each network device.
namespace basewatch::node {

struct Device {
  std::string name;
  rtnl_link_stats64 stats{};
};

// /proc/net/dev, where some of the counters are sums already: drop, frame and carrier.
std::vector<Device> parse_net_dev(const Source& net_dev);

// The answer to one RTM_GETLINK dump, one or more datagrams of it; devices without counters are
// left out. Returns true at the end of the dump. Throws ReadError on an error message or a broken
// one.
bool parse_links(std::string_view datagram, std::vector<Device>& out);

inline constexpr std::string_view kLinks = "the list of devices";

// Asks the kernel by netlink. One thread at a time.
class Links {
 public:
  std::vector<Device> list(const Deadline& deadline);

 private:
  NetlinkDump netlink_{kLinks};
};

struct Address {
  std::string device, address, prefix, scope;
};
// The addresses of this network namespace, as node_network_address_info shows them.
std::vector<Address> list_addresses();

// "link-local", "global" ...: where an address is valid, in node_exporter's words; empty for none.
// `bytes` are 4 or 16, in network order.
std::string_view address_scope(std::string_view bytes);

}  // namespace basewatch::node
