#include "exporters/node/read/net.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kHeader =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo colls carrier compressed\n";

std::string net_dev(std::string_view lines) {
  return std::string(kHeader).append(lines);
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

std::string attribute(unsigned short type, std::string_view value) {
  const rtattr header{static_cast<unsigned short>(RTA_LENGTH(value.size())), type};
  return padded(std::string(netlink_bytes(header)).append(value));
}

std::string message(unsigned short type, std::string_view body) {
  const nlmsghdr header{static_cast<__u32>(NLMSG_HDRLEN + body.size()), type, 0, 0, 0};
  return padded(std::string(netlink_bytes(header)).append(body));
}

// One datagram of a dump; true at its end.
bool parse_links(std::string_view datagram, std::vector<Device>& devices) {
  return parse_netlink(datagram, "the list of devices", [&](const NetlinkMessage& part) {
           parse_link(part, devices);
         }) != NetlinkEnd::open;
}

std::string link(const std::string& attributes) {
  return message(RTM_NEWLINK, std::string(netlink_bytes(ifinfomsg{})) + attributes);
}

std::string name(std::string_view text) {
  return attribute(IFLA_IFNAME, std::string(text) + '\0');
}

std::string stats(std::uint64_t received) {
  rtnl_link_stats64 all{};
  all.rx_bytes = received;
  all.rx_nohandler = 3;
  return attribute(IFLA_STATS64, netlink_bytes(all));
}

}  // namespace

TEST_CASE("/proc/net/dev") {
  const auto devices =
      parse_net_dev(net_dev("    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                            "br-0:18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
                            "eth0:1: 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
  REQUIRE(devices.size() == 3);
  CHECK(devices[0].name == "lo");
  CHECK(devices[0].stats.rx_bytes == 1);
  CHECK(devices[0].stats.multicast == 8);
  CHECK(devices[0].stats.collisions == 14);
  CHECK(devices[0].stats.tx_compressed == 16);
  CHECK(devices[1].stats.rx_bytes == 18446744073709551615ull);
  CHECK(devices[2].name == "eth0:1");
  CHECK(parse_net_dev(net_dev("")).empty());
  for (const auto* bad :
       {"lo 1 2\n", "lo: 1 2\n", "lo: a 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"}) {
    CHECK_MESSAGE(thrown([&] { parse_net_dev(net_dev(bad)); }).starts_with("text:3: "), bad);
  }
  CHECK(!thrown([] { parse_net_dev(""); }).empty());
  CHECK(!thrown([] { parse_net_dev("lo: 1\n"); }).empty());
}

TEST_CASE("a netlink dump in one or two datagrams") {
  std::vector<Device> devices;
  CHECK(!parse_links(link(name("lo") + stats(5)) + link(name("eth0") + stats(6)), devices));
  CHECK(parse_links(
      link(attribute(IFLA_MTU, "1234") + stats(7) + name("eth1")) + message(NLMSG_DONE, "\0\0\0\0"),
      devices));
  REQUIRE(devices.size() == 3);
  CHECK(devices[0].name == "lo");
  CHECK(devices[0].stats.rx_bytes == 5);
  CHECK(devices[0].stats.rx_nohandler == 3);
  CHECK(devices[2].name == "eth1");
}

TEST_CASE("devices without counters or a name are left out; 32-bit counters do in need") {
  std::vector<Device> devices;
  rtnl_link_stats narrow{};
  narrow.tx_bytes = 9;
  parse_links(link(name("none")) + link(stats(5)) +
                  link(name("old") + attribute(IFLA_STATS, netlink_bytes(narrow))) +
                  link(name("both") + stats(8) + attribute(IFLA_STATS, netlink_bytes(narrow))),
              devices);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].name == "old");
  CHECK(devices[0].stats.tx_bytes == 9);
  CHECK(devices[1].stats.rx_bytes == 8);
  CHECK(devices[1].stats.tx_bytes == 0);
}

TEST_CASE("broken netlink messages end in an error or in nothing, never elsewhere") {
  std::vector<Device> devices;
  const nlmsgerr refused{-EPERM, {}};
  CHECK(thrown([&] { parse_links(message(NLMSG_ERROR, netlink_bytes(refused)), devices); }) ==
        "netlink refuses the list of devices: operation not permitted");
  CHECK(!thrown([&] { parse_links(message(NLMSG_ERROR, ""), devices); }).empty());
  CHECK(!thrown([&] { parse_links("x", devices); }).empty());
  auto endless = message(RTM_NEWLINK, "");
  endless[0] = endless[1] = '\xff';
  CHECK(!thrown([&] { parse_links(endless, devices); }).empty());
  auto empty = message(RTM_NEWLINK, "");
  empty[0] = 0;
  CHECK(!thrown([&] { parse_links(empty, devices); }).empty());
  // Cut at every byte: whatever is left is either whole or refused.
  const auto whole = link(name("eth0") + stats(6));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    thrown([&] { parse_links(std::string_view(whole).substr(0, size), devices); });
  }
  // An attribute that claims to be longer than its message.
  auto claim = link(name("eth0"));
  claim[NLMSG_HDRLEN + sizeof(ifinfomsg)] = '\x7f';
  parse_links(claim, devices);
  CHECK(devices.empty());
}

TEST_CASE("the kernel of this machine answers") {
  Links links;
  const auto devices = links.list(soon());
  CHECK(std::ranges::any_of(devices, [](const Device& device) { return device.name == "lo"; }));
  CHECK(links.list(soon()).size() == devices.size());
}

TEST_CASE("where an address is valid") {
  const auto scope = [](const char* text) {
    char bytes[16];
    const bool is_v4 = inet_pton(AF_INET, text, bytes) == 1;
    if (!is_v4) REQUIRE(inet_pton(AF_INET6, text, bytes) == 1);
    return address_scope({bytes, is_v4 ? 4u : 16u});
  };
  for (const auto* text : {"127.0.0.1", "127.8.9.1", "169.254.3.4", "224.0.0.9", "::1", "fe80::1",
                           "febf::1", "ff02::1", "::ffff:127.0.0.1"}) {
    CHECK_MESSAGE(scope(text) == "link-local", text);
  }
  for (const auto* text : {"10.0.0.1", "8.8.8.8", "2001:db8::1", "fc00::1", "::ffff:10.0.0.1"}) {
    CHECK_MESSAGE(scope(text) == "global", text);
  }
  CHECK(scope("ff01::1") == "interface-local");
  for (const auto* text : {"0.0.0.0", "255.255.255.255", "239.1.1.1", "::", "ff05::2"}) {
    CHECK_MESSAGE(scope(text).empty(), text);
  }
  CHECK(address_scope("abc").empty());
}

TEST_CASE("devices are chosen by name, and from the file on request") {
  const Tree tree;
  tree.write("proc/net/dev", net_dev("lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                                     "eth0: 21 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"));
  const auto page = run(tree.settings({{"collectors.netdev.netlink", false},
                                       {"collectors.netdev.device_exclude", "^lo$"}}),
                        "netdev");
  CHECK(page.find("device=\"lo\"") == std::string::npos);
  CHECK(page.find("node_network_receive_bytes_total{device=\"eth0\"} 21\n") != std::string::npos);
  CHECK(page.find("node_network_transmit_carrier_total{device=\"eth0\"} 15\n") !=
        std::string::npos);
  CHECK(page.find("nohandler") == std::string::npos);
  CHECK(std::ranges::count(page, '\n') == 16);
  const auto detailed = run(tree.settings({{"collectors.netdev.netlink", false},
                                           {"collectors.netdev.enable_detailed_metrics", true},
                                           {"collectors.netdev.device_include", "eth"}}),
                            "netdev");
  CHECK(detailed.find("node_network_receive_errors_total{device=\"eth0\"} 3\n") !=
        std::string::npos);
  CHECK(std::ranges::count(detailed, '\n') == 16);
}

}  // namespace basewatch::node
