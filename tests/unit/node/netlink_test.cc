#include "exporters/node/read/netlink.h"

#include <doctest/doctest.h>
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/nl80211.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "exporters/node/read/ethtool.h"
#include "exporters/node/read/json_examples.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/nl80211.h"
#include "exporters/node/read/qdisc.h"
#include "exporters/node/read/routes.h"
#include "exporters/node/read/tcp_states.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

template <typename T>
std::string bytes(const T& value) {
  return std::string(netlink_bytes(value));
}

std::string datagram(std::uint16_t type, std::string_view body, std::uint16_t flags = 0) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<__u32>(NLMSG_HDRLEN + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  auto text = bytes(header).append(body);
  text.resize(NLMSG_ALIGN(text.size()));
  return text;
}

constexpr std::string_view kV4 = "\x0a\x01\x02\x03";

std::string route(rtmsg header, const std::string& attributes) {
  return bytes(header) + attributes;
}

void nothing(const NetlinkMessage&) {}

// Every parser survives a body that is cut anywhere.
template <typename Parse>
void cut_everywhere(const std::string& body, Parse&& parse) {
  for (std::size_t size = 0; size <= body.size(); ++size) {
    const std::string part = body.substr(0, size);
    thrown([&] { parse(part); });
  }
}

}  // namespace

TEST_CASE("netlink: the end of an answer, its interruption and its refusal") {
  CHECK(parse_netlink(datagram(RTM_NEWLINK, "body"), "it", nothing) == NetlinkEnd::open);
  CHECK(parse_netlink(datagram(NLMSG_DONE, bytes(0)), "it", nothing) == NetlinkEnd::done);
  CHECK(parse_netlink(datagram(NLMSG_ERROR, bytes(0)), "it", nothing) == NetlinkEnd::done);
  CHECK(parse_netlink(datagram(NLMSG_DONE, bytes(0), NLM_F_DUMP_INTR), "it", nothing) ==
        NetlinkEnd::interrupted);
  int error = 0;
  CHECK(thrown([&] {
          try {
            parse_netlink(datagram(NLMSG_DONE, bytes(-ENOENT)), "it", nothing);
          } catch (const NetlinkError& refusal) {
            error = refusal.error();
            throw;
          }
        }) == "netlink refuses it: no such file or directory");
  CHECK(error == ENOENT);
  int messages = 0;
  parse_netlink(datagram(NLMSG_NOOP, "") + datagram(RTM_NEWLINK, "x"), "it",
                [&](const NetlinkMessage& message) {
                  ++messages;
                  CHECK(message.body == "x");
                });
  CHECK(messages == 1);
}

TEST_CASE("netlink: a question goes through, one that cannot be is refused with its errno") {
  Netlink netlink(NETLINK_ROUTE);
  int begun = 0, links = 0;
  netlink.dump(
      RTM_GETLINK, netlink_bytes(ifinfomsg{}), "the devices", soon(), [&] { ++begun; },
      [&](const NetlinkMessage& message) { links += message.type == RTM_NEWLINK; });
  CHECK(begun >= 1);
  CHECK(links >= 1);
  ifinfomsg missing{};
  missing.ifi_index = 2'000'000'000;
  CHECK(thrown([&] {
          netlink.ask(RTM_GETLINK, netlink_bytes(missing), "device 2000000000", soon(), nothing);
        }) == "netlink refuses device 2000000000: no such device");
  FakeClock clock;
  CHECK(thrown([&] {
          netlink.ask(RTM_GETLINK, netlink_bytes(missing), "it", Deadline(clock, clock.now()),
                      nothing);
        }) != "");
}

TEST_CASE("a queueing discipline") {
  tcmsg header{};
  header.tcm_ifindex = 3;
  header.tcm_parent = TC_H_ROOT;
  struct {  // gnet_stats_basic has padding at its end, which the kernel sends
    __u64 bytes = 1000;
    __u32 packets = 10, padding = 0;
  } basic;
  const __u32 queue[] = {4, 50, 6, 7, 8};
  const auto body = bytes(header) + netlink_attribute(TCA_KIND, std::string_view("fq_codel\0", 9)) +
                    netlink_attribute(TCA_STATS2, netlink_attribute(1, bytes(basic)) +
                                                      netlink_attribute(3, bytes(queue))) +
                    netlink_attribute(TCA_STATS, bytes(tc_stats{}));
  std::vector<Qdisc> list;
  parse_qdisc({RTM_NEWQDISC, body}, list);
  REQUIRE(list.size() == 1);
  CHECK(list[0].index == 3);
  CHECK(list[0].is_root);
  CHECK(list[0].kind == "fq_codel");
  CHECK(list[0].bytes == 1000);
  CHECK(list[0].packets == 10);
  CHECK(list[0].length == 4);
  CHECK(list[0].backlog == 50);
  CHECK(list[0].drops == 6);
  CHECK(list[0].requeues == 7);
  CHECK(list[0].overlimits == 8);
  header.tcm_parent = 0x10001;
  parse_qdisc({RTM_NEWQDISC, bytes(header)}, list);
  CHECK(!list.back().is_root);
  cut_everywhere(body, [](const std::string& part) {
    std::vector<Qdisc> some;
    parse_qdisc({RTM_NEWQDISC, part}, some);
  });
}

TEST_CASE("qdisc from a file of examples") {
  const Tree tree;
  tree.write("q/results.json",
             R"([{"IfaceName":"eth0","Bytes":5,"Kind":"fq","Drops":1},{"ifacename":"lo","kind":"x"},
                 {"IfaceName":"eth0","Parent":7,"Kind":"below"}])");
  const auto settings = tree.settings(
      {{"collectors.qdisc.fixtures", tree.path("q")}, {"collectors.qdisc.device_exclude", "^lo$"}});
  const auto page = run(settings, "qdisc");
  CHECK(page.find("node_qdisc_bytes_total{device=\"eth0\",kind=\"fq\"} 5\n") != std::string::npos);
  CHECK(page.find("below") == std::string::npos);
  CHECK(page.find("device=\"lo\"") == std::string::npos);
  tree.write("q/results.json", "[{");
  CHECK(thrown([&] { run(settings, "qdisc"); }).find("results.json:1: this is no JSON") !=
        std::string::npos);
}

TEST_CASE("routes") {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_type = RTN_UNICAST;
  header.rtm_dst_len = 16;
  header.rtm_protocol = 16;
  std::vector<Route> list;
  const auto plain =
      route(header, netlink_attribute(RTA_DST, kV4) + netlink_attribute(RTA_OIF, bytes(2)) +
                        netlink_attribute(RTA_PRIORITY, bytes(100)) +
                        netlink_attribute(RTA_PREFSRC, "\x0a\x01\x02\x09"));
  parse_route({RTM_NEWROUTE, plain}, list);
  REQUIRE(list.size() == 1);
  CHECK(list[0].destination == "10.1.2.3/16");
  CHECK(list[0].source == "10.1.2.9");
  CHECK(list[0].gateway == "");
  CHECK(list[0].priority == "100");
  CHECK(list[0].protocol == "dhcp");
  CHECK(list[0].weight == "");

  header.rtm_dst_len = 0;
  rtnexthop hop{};
  const auto gateway = netlink_attribute(RTA_GATEWAY, kV4);
  hop.rtnh_len = static_cast<unsigned short>(sizeof hop + gateway.size());
  hop.rtnh_hops = 4;
  hop.rtnh_ifindex = 7;
  const auto many =
      route(header, netlink_attribute(RTA_MULTIPATH, bytes(hop) + gateway + bytes(hop) + gateway));
  parse_route({RTM_NEWROUTE, many}, list);
  REQUIRE(list.size() == 3);
  CHECK(list[2].destination == "default");
  CHECK(list[2].index == 7);
  CHECK(list[2].gateway == "10.1.2.3");
  CHECK(list[2].weight == "5");

  header.rtm_type = RTN_LOCAL;
  parse_route({RTM_NEWROUTE, route(header, "")}, list);
  CHECK(list.size() == 3);
  CHECK(route_protocol(186) == "bgp");
  CHECK(route_protocol(99) == "unknown");
  for (const auto& body : {plain, many}) {
    cut_everywhere(body, [](const std::string& part) {
      std::vector<Route> some;
      parse_route({RTM_NEWROUTE, part}, some);
    });
  }
}

TEST_CASE("TCP sockets") {
  inet_diag_msg socket{};
  socket.idiag_state = 10;
  socket.idiag_rqueue = 3;
  socket.idiag_wqueue = 128;
  TcpStates states;
  parse_tcp_socket({SOCK_DIAG_BY_FAMILY, bytes(socket)}, states);
  socket.idiag_state = 200;
  parse_tcp_socket({SOCK_DIAG_BY_FAMILY, bytes(socket)}, states);
  parse_tcp_socket({SOCK_DIAG_BY_FAMILY, "short"}, states);
  CHECK(states.all == 2);
  CHECK(states.sockets[10] == 1);
  CHECK(states.sockets[0] == 1);
  CHECK(states.received == 6);
  CHECK(states.unsent == 256);
  // This kernel's own; a test runner may be without a single socket.
  const Tree tree;
  for (const auto* collector : {"tcpstat", "network_route"}) {
    const auto page = run(tree.settings(), collector);
    CHECK((page.empty() || page.starts_with("node_")));
  }
}

TEST_CASE("wireless messages") {
  const auto interface =
      parse_wifi_interface(netlink_attribute(NL80211_ATTR_IFINDEX, bytes(5u)) +
                           netlink_attribute(NL80211_ATTR_IFNAME, std::string_view("wlan0\0", 6)) +
                           netlink_attribute(NL80211_ATTR_WIPHY_FREQ, bytes(2412u)));
  CHECK(interface.index == 5);
  CHECK(interface.name == "wlan0");
  CHECK(interface.frequency_mhz == 2412);

  const std::string elements("\x03\x01\x06\x00\x04home", 9);
  const auto bss = netlink_attribute(NL80211_BSS_BSSID, "\x02\x11\x22\x33\x44\x55") +
                   netlink_attribute(NL80211_BSS_INFORMATION_ELEMENTS, elements);
  CHECK(!parse_wifi_network(netlink_attribute(NL80211_ATTR_BSS, bss)));  // only heard
  const auto joined = netlink_attribute(
      NL80211_ATTR_BSS,
      bss + netlink_attribute(NL80211_BSS_STATUS, bytes(unsigned{NL80211_BSS_STATUS_ASSOCIATED})));
  const auto network = parse_wifi_network(joined);
  REQUIRE(network);
  CHECK(network->bssid == "02:11:22:33:44:55");
  CHECK(network->ssid == "home");
  CHECK(network->mode == "client");

  const auto rate = netlink_attribute(NL80211_RATE_INFO_BITRATE, bytes(std::uint16_t{540}));
  const auto info = netlink_attribute(NL80211_STA_INFO_CONNECTED_TIME, bytes(60u)) +
                    netlink_attribute(NL80211_STA_INFO_INACTIVE_TIME, bytes(250u)) +
                    netlink_attribute(NL80211_STA_INFO_RX_BYTES, bytes(7u)) +
                    netlink_attribute(NL80211_STA_INFO_RX_BYTES64, bytes(std::uint64_t{1} << 33)) +
                    netlink_attribute(NL80211_STA_INFO_TX_BYTES, bytes(9u)) +
                    netlink_attribute(NL80211_STA_INFO_SIGNAL, "\xc8") +
                    netlink_attribute(NL80211_STA_INFO_TX_BITRATE, rate);
  const auto message = netlink_attribute(NL80211_ATTR_MAC, "\x02\x11\x22\x33\x44\x55") +
                       netlink_attribute(NL80211_ATTR_STA_INFO, info);
  const auto station = parse_wifi_station(message);
  CHECK(station.mac == "02:11:22:33:44:55");
  CHECK(station.connected_seconds == 60);
  CHECK(station.inactive_seconds == 0.25);
  CHECK(station.received_bytes == 8589934592.0);
  CHECK(station.sent_bytes == 9);
  CHECK(station.signal_dbm == -56);
  CHECK(station.sent_bits == 54e6);
  cut_everywhere(joined, [](const std::string& part) { parse_wifi_network(part); });
  cut_everywhere(message, [](const std::string& part) { parse_wifi_station(part); });
  CHECK(parse_family_id(netlink_attribute(CTRL_ATTR_FAMILY_ID, bytes(std::uint16_t{31}))) == 31);
  CHECK(parse_family_id("") == 0);
}

TEST_CASE("wifi, from files of examples and from a kernel without it") {
  const Tree tree;
  tree.write("w/interfaces.json", R"([{"name":"wlan0","frequency":5180},{"type":10}])");
  tree.write("w/wlan0/bss.json", R"({"ssid":"net","bssid":"ABEiM0RV","status":2})");
  tree.write("w/wlan0/stationinfo.json", R"([{"hardwareaddr":"qrvM3e7/","inactive":400000000}])");
  const auto page = run(tree.settings({{"collectors.wifi.fixtures", tree.path("w")}}), "wifi");
  CHECK(page.starts_with("node_wifi_interface_frequency_hertz{device=\"wlan0\"} 5180000000\n"));
  CHECK(page.find("node_wifi_station_info{bssid=\"00:11:22:33:44:55\",device=\"wlan0\","
                  "mode=\"ad-hoc\",ssid=\"net\"} 1\n") != std::string::npos);
  CHECK(page.find("node_wifi_station_inactive_seconds{device=\"wlan0\","
                  "mac_address=\"aa:bb:cc:dd:ee:ff\"} 0.4\n") != std::string::npos);
  CHECK(run(tree.settings({{"collectors.wifi.fixtures", tree.path("none")}}), "wifi")
            .starts_with("absent: "));
  const auto real = run(tree.settings(), "wifi");
  CHECK((real.starts_with("absent: ") || real.empty() || real.starts_with("node_wifi_")));
}

TEST_CASE("ethtool's names") {
  const std::pair<const char*, const char*> kNames[] = {
      {"rx_queue_0_drops", "received_queue_0_drops"},
      {"tx_tx_bytes", "transmitted_transmitted_bytes"},
      {"port.rx_bytes", "port_received_bytes"},
      {"TX", "transmitted"},
      {"__prx-octets", "prx_octets"},
      {"arx_rxx", "arx_rxx"},
      {" ", ""},
      {"", ""}};
  for (const auto& [counter, name] : kNames) CHECK(ethtool_metric_name(counter) == name);
  Ethtool ethtool;
  EthtoolLink link;
  CHECK(ethtool.link("no-such-device-anywhere", link) == ENODEV);
  CHECK(ethtool.link("none0", link) == ENODEV);
  const Tree tree;
  CHECK(run(tree.settings(), "ethtool").starts_with("absent: "));
}

}  // namespace basewatch::node
