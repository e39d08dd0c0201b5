#include "exporters/node/read/link_info.h"

#include <doctest/doctest.h>
#include <linux/ethtool_netlink.h>
#include <linux/rtnetlink.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

template <typename T>
std::string number(std::uint16_t type, T value) {
  return netlink_attribute(type, netlink_bytes(value));
}

}  // namespace

TEST_CASE("netlink: what a device is") {
  ifinfomsg head{};
  head.ifi_index = 7;
  head.ifi_flags = 0x1003;
  head.ifi_type = 1;
  const auto body = std::string(netlink_bytes(head)) + netlink_attribute(IFLA_IFNAME, {"eth0", 5}) +
                    netlink_attribute(IFLA_ADDRESS, {"\x02\x42\xac\x11\x00\x02", 6}) +
                    netlink_attribute(IFLA_IFALIAS, {"uplink", 7}) +
                    netlink_attribute(IFLA_PROP_LIST | NLA_F_NESTED,
                                      netlink_attribute(IFLA_ALT_IFNAME, {"enp0s3", 7})) +
                    number<std::uint8_t>(IFLA_OPERSTATE, 6) +
                    number<std::uint32_t>(IFLA_MTU, 1500) + number<std::uint8_t>(IFLA_CARRIER, 1) +
                    number<std::uint32_t>(IFLA_LINK, 3);
  const auto link = parse_link_info({RTM_NEWLINK, body});
  REQUIRE(link);
  CHECK(link->name == "eth0");
  CHECK(link->address == "02:42:ac:11:00:02");
  CHECK(link->broadcast.empty());
  CHECK(link->alias == "uplink");
  CHECK(link->other_names == std::vector<std::string>{"enp0s3"});
  CHECK(link->index == 7);
  CHECK(link->flags == 0x1003);
  CHECK(link_state(link->state) == "up");
  CHECK(link->mtu == 1500);
  CHECK(link->below == 3);
  CHECK(link->carrier == 1);
  CHECK(!link->carrier_changes);
  CHECK(!link->stats);
  CHECK(link_state(200) == "unknown");
  CHECK(!parse_link_info({RTM_DELLINK, body}));
  CHECK(!parse_link_info({RTM_NEWLINK, body.substr(0, 8)}));
  CHECK(!parse_link_info({RTM_NEWLINK, body.substr(0, sizeof head)}));  // it has no name
}

TEST_CASE("netlink: the speed of a link") {
  const auto header =
      netlink_attribute(ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED,
                        number<std::uint32_t>(ETHTOOL_A_HEADER_DEV_INDEX, 2) +
                            netlink_attribute(ETHTOOL_A_HEADER_DEV_NAME, {"eth0", 5}));
  const auto speed =
      parse_link_speed(header + number<std::uint32_t>(ETHTOOL_A_LINKMODES_SPEED, 1000) +
                       number<std::uint8_t>(ETHTOOL_A_LINKMODES_DUPLEX, 1));
  CHECK(speed.device == "eth0");
  CHECK(speed.megabits == 1000);
  CHECK(speed.duplex == "Full");
  const auto unknown =
      parse_link_speed(header + number<std::uint32_t>(ETHTOOL_A_LINKMODES_SPEED, 0xffffffffu) +
                       number<std::uint8_t>(ETHTOOL_A_LINKMODES_DUPLEX, 0xff));
  CHECK(unknown.megabits == -1);
  CHECK(unknown.duplex == "Unknown");
  CHECK(parse_link_speed("").device.empty());
}

TEST_CASE("netclass by netlink knows lo, and its counters on request") {
  const auto page =
      run(Settings::make(plugin.options, {{"collectors.netclass.netlink", true},
                                          {"collectors.netclass.rtnl_with_stats", true}}),
          "netclass");
  CHECK(page.find("node_network_iface_id{device=\"lo\"} 1\n") != page.npos);
  CHECK(page.find("node_network_protocol_type{device=\"lo\"} 772\n") != page.npos);
  CHECK(page.find("node_network_receive_packets_total{device=\"lo\"} ") != page.npos);
  CHECK(page.find("address=\"00:00:00:00:00:00\"") != page.npos);
  const auto plain =
      run(Settings::make(plugin.options, {{"collectors.netclass.netlink", true}}), "netclass");
  CHECK(plain.find("receive_packets_total") == plain.npos);
}

}  // namespace basewatch::node
