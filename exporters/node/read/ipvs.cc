#include "exporters/node/read/ipvs.h"

#include <arpa/inet.h>

#include <charconv>

namespace basewatch::node {
namespace {

// "C0A80016:0CEA", or "[2001:0db8:0000:0000:0000:0000:0000:0001]:0CEA".
IpvsAddress parse_address(const Source& source, std::string_view word) {
  const auto colon = word.rfind(':');
  if (colon == word.npos) source.fail(word, "this is no address with a port");
  IpvsAddress out;
  out.port = std::to_string(source.hex(word.substr(colon + 1)) & 0xffff);
  auto host = word.substr(0, colon);
  char text[INET6_ADDRSTRLEN];
  if (host.starts_with('[') && host.ends_with(']')) {
    in6_addr address;
    if (inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) != 1) {
      source.fail(word, "this is no IPv6 address");
    }
    inet_ntop(AF_INET6, &address, text, sizeof text);
  } else {
    const auto number = source.hex(host);
    if (host.size() != 8) source.fail(word, "this is no IPv4 address");
    const in_addr address{htonl(static_cast<std::uint32_t>(number))};
    inet_ntop(AF_INET, &address, text, sizeof text);
  }
  out.address = text;
  return out;
}

}  // namespace

std::vector<IpvsBackend> parse_ipvs(const Source& table) {
  std::vector<IpvsBackend> backends;
  IpvsBackend current;  // what the servers below have from their virtual one
  std::vector<std::string_view> words;
  for_each_line(table, [&](std::string_view line) {
    split_words(line, words);
    if (words.size() < 2 || words[1] == "RemoteAddress:Port") return;
    const auto kind = words[0];
    if (kind == "TCP" || kind == "UDP" || kind == "SCTP") {
      current = {parse_address(table, words[1]), {}, std::string(kind), "", 0, 0, 0};
    } else if (kind == "FWM") {
      current = {{"", "0"}, {}, std::string(kind), std::string(words[1]), 0, 0, 0};
    } else if (kind == "->" && words.size() >= 6) {
      auto& backend = backends.emplace_back(current);
      backend.remote = parse_address(table, words[1]);
      backend.weight = table.whole(words[3]);
      backend.active = table.whole(words[4]);
      backend.inactive = table.whole(words[5]);
    }
  });
  return backends;
}

}  // namespace basewatch::node
