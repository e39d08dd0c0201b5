#include "agent/base/network.h"

#include <doctest/doctest.h>

namespace basewatch {
namespace {

IpAddress ip(std::string_view text) {
  const auto out = parse_ip(text);
  REQUIRE_MESSAGE(out, text);
  return *out;
}

bool contains(std::string_view network, std::string_view address) {
  std::string problem;
  const auto parsed = Network::parse(network, problem);
  REQUIRE_MESSAGE(parsed, problem);
  return parsed->contains(ip(address));
}

}  // namespace

TEST_CASE("addresses: both kinds, and the IPv4 ones in IPv6 clothes") {
  CHECK(ip("10.0.0.1").text() == "10.0.0.1");
  CHECK(ip("::ffff:10.0.0.1") == ip("10.0.0.1"));
  CHECK(ip("2001:DB8::1").text() == "2001:db8::1");
  CHECK(ip("127.8.8.8").is_loopback());
  CHECK(ip("::1").is_loopback());
  CHECK(!ip("128.0.0.1").is_loopback());
  CHECK(!ip("::2").is_loopback());
  CHECK(!IpAddress{}.is_loopback());
  for (const auto* bad :
       {"", "10", "10.0.0", "10.0.0.256", "010.0.0.1", "1.2.3.4 ", "::g", "fe80::1%eth0"}) {
    CHECK_MESSAGE(!parse_ip(bad), bad);
  }
  CHECK(!parse_ip(std::string_view("10.0.0.1\0x", 10)));
}

TEST_CASE("a network contains its addresses, at every length") {
  CHECK(contains("10.0.0.0/8", "10.255.255.255"));
  CHECK(!contains("10.0.0.0/8", "11.0.0.0"));
  CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(contains("192.168.1.4/30", "192.168.1.7"));
  CHECK(!contains("192.168.1.4/30", "192.168.1.8"));
  CHECK(contains("192.168.1.4", "192.168.1.4"));
  CHECK(!contains("192.168.1.4", "192.168.1.5"));
  CHECK(contains("0.0.0.0/0", "255.1.1.1"));
  CHECK(!contains("0.0.0.0/0", "::1"));
  CHECK(contains("::/0", "2001:db8::1"));
  CHECK(!contains("::/0", "10.0.0.1"));
  CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK(!contains("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(contains("::1", "::1"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.9.9.9"));
  // Bit by bit: the last address of a network is in it, the first behind it is not.
  for (int bits = 1; bits <= 31; ++bits) {
    const auto network = "0.0.0.0/" + std::to_string(bits);
    const auto last = (1ull << (32 - bits)) - 1;
    const auto dotted = [](unsigned long long n) {
      return std::to_string(n >> 24 & 255) + "." + std::to_string(n >> 16 & 255) + "." +
             std::to_string(n >> 8 & 255) + "." + std::to_string(n & 255);
    };
    CAPTURE(network);
    CHECK(contains(network, dotted(last)));
    CHECK(!contains(network, dotted(last + 1)));
  }
}

TEST_CASE("nobody is in any network who has no address") {
  std::string problem;
  for (const auto* all : {"0.0.0.0/0", "::/0"}) {
    CHECK(!Network::parse(all, problem)->contains(IpAddress{}));
  }
}

TEST_CASE("what is no network is explained") {
  std::string problem;
  for (const auto* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/33",
                          "10.0.0.0/8/8", "::/129", "localhost", "10.0.0.1/8", "2001:db8::1/32"}) {
    problem.clear();
    CHECK_MESSAGE(!Network::parse(bad, problem), bad);
    CHECK(problem != "");
  }
  CHECK(problem ==
        "'2001:db8::1/32' has bits beyond its length: write 2001:db8::/32 for the network, or the "
        "address alone");
  CHECK(Network::parse("10.0.0.0/8", problem)->text() == "10.0.0.0/8");
}

}  // namespace basewatch
