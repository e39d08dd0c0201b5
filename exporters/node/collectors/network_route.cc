// The unicast routes of this network namespace: netlink.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/routes.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class NetworkRoute final : public NodeCollector {
 public:
  explicit NetworkRoute(const Setup&) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto links = links_.list(deadline);
    std::vector<Route> routes;
    netlink_.dump(
        RTM_GETROUTE, netlink_bytes(rtmsg{}), "the list of routes", deadline,
        [&] { routes.clear(); },
        [&](const NetlinkMessage& message) { parse_route(message, routes); });
    std::map<std::string_view, std::size_t> by_device;
    for (const auto& route : routes) {
      const auto device = device_name(links, route.index);
      page.add(metrics::node::network_route_info, 1, device, route.source, route.destination,
               route.gateway, route.priority, route.protocol, route.weight);
      ++by_device[device];
    }
    for (const auto& [device, count] : by_device) {
      page.add(metrics::node::network_routes, static_cast<double>(count), device);
    }
    return done();
  }

 private:
  Links links_;
  Netlink netlink_{NETLINK_ROUTE};
};

}  // namespace

constinit const CollectorKind network_route_collector{
    "network_route", kOwnLane, false, {}, create<NetworkRoute>};

}  // namespace basewatch::node
