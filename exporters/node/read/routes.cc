#include "exporters/node/read/routes.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace basewatch::node {
namespace {

// A router of the Internet has a million; a page would not bear them.
constexpr std::size_t kMaxRoutes = 1'000'000;

// As Go writes an address.
std::string address(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  constexpr std::string_view kV4Mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (bytes.size() == 16 && bytes.starts_with(kV4Mapped)) bytes.remove_prefix(12);
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, bytes.data(), text, sizeof text) ? text : "";
}

// Calls visit(hop, its gateway) for each of the next hops.
template <typename Visit>
void for_each_hop(std::string_view bytes, Visit&& visit) {
  while (bytes.size() >= sizeof(rtnexthop)) {
    const auto hop = netlink_value<rtnexthop>(bytes);
    if (hop.rtnh_len < sizeof(rtnexthop) || hop.rtnh_len > bytes.size()) return;
    std::string gateway;
    for_each_attribute(bytes.substr(0, hop.rtnh_len), sizeof(rtnexthop),
                       [&](std::uint16_t type, std::string_view value) {
                         if (type == RTA_GATEWAY) gateway = address(value);
                       });
    visit(hop, gateway);
    bytes.remove_prefix(std::min<std::size_t>(bytes.size(), RTNH_ALIGN(hop.rtnh_len)));
  }
}

}  // namespace

void parse_route(const NetlinkMessage& message, std::vector<Route>& out) {
  if (message.type != RTM_NEWROUTE || message.body.size() < sizeof(rtmsg)) return;
  const auto header = netlink_value<rtmsg>(message.body);
  if (header.rtm_type != RTN_UNICAST) return;
  Route route;
  std::uint32_t priority = 0;
  std::string_view hops;
  for_each_attribute(message.body, sizeof(rtmsg), [&](std::uint16_t type, std::string_view value) {
    if (type == RTA_DST) route.destination = address(value);
    if (type == RTA_PREFSRC) route.source = address(value);
    if (type == RTA_GATEWAY) route.gateway = address(value);
    if (type == RTA_OIF) route.index = netlink_value<int>(value);
    if (type == RTA_PRIORITY) priority = netlink_value<std::uint32_t>(value);
    if (type == RTA_MULTIPATH) hops = value;
  });
  if (header.rtm_dst_len == 0) {
    route.destination = "default";
  } else {
    route.destination += '/' + std::to_string(header.rtm_dst_len);
  }
  route.priority = std::to_string(priority);
  route.protocol = route_protocol(header.rtm_protocol);
  if (out.size() >= kMaxRoutes) throw ReadError("netlink lists too many routes");
  if (hops.empty()) {
    out.push_back(std::move(route));
    return;
  }
  for_each_hop(hops, [&](const rtnexthop& hop, const std::string& gateway) {
    auto& way = out.emplace_back(route);
    way.index = hop.rtnh_ifindex;
    way.gateway = gateway;
    way.weight = std::to_string(hop.rtnh_hops + 1);
  });
}

std::string_view route_protocol(unsigned char number) {
  constexpr std::pair<unsigned char, std::string_view> kNames[] = {
      {0, "unspec"},    {1, "redirect"}, {2, "kernel"}, {3, "boot"},   {4, "static"},
      {8, "gated"},     {9, "ra"},       {10, "mrt"},   {11, "zebra"}, {12, "bird"},
      {13, "dnrouted"}, {14, "xorp"},    {15, "ntk"},   {16, "dhcp"},  {17, "mrouted"},
      {42, "babel"},    {186, "bgp"},    {187, "isis"}, {188, "ospf"}, {189, "rip"},
      {192, "eigrp"}};
  const auto* found =
      std::ranges::find(kNames, number, [](const auto& name) { return name.first; });
  return found == std::end(kNames) ? "unknown" : found->second;
}

}  // namespace basewatch::node
