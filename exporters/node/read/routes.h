#pragma once

#include <string>
#include <vector>

#include "exporters/node/read/netlink.h"

namespace basewatch::node {

// One way of a unicast route; a route with several next hops is several of these.
struct Route {
  int index = 0;  // of the device
  std::string source, destination, gateway;
  std::string priority, weight;
  std::string_view protocol;  // who made the route
};

// A message of an RTM_GETROUTE dump.
void parse_route(const NetlinkMessage& message, std::vector<Route>& out);

// "kernel", "dhcp", "bgp" ...: the words of node_exporter.
std::string_view route_protocol(unsigned char number);

}  // namespace basewatch::node
