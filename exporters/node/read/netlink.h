#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/unique_fd.h"
#include "exporters/node/read/source.h"

// Questions to the kernel by netlink, and the answers taken apart. What comes from the kernel is
// still checked: every length is bounded by the bytes that are there.
namespace basewatch::node {

// The structure at the beginning of the bytes; zeros where there are too few.
template <typename T>
T leading(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

// A structure as the bytes that it is made of; views into it.
template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Takes one aligned piece with a length in its header off the front; empty at the end or when
// broken.
template <typename Header, auto Length>
std::string_view next_piece(std::string_view& rest) {
  if (rest.size() < sizeof(Header)) return {};
  const std::size_t length = leading<Header>(rest).*Length;
  if (length < sizeof(Header) || length > rest.size()) return {};
  const auto piece = rest.substr(0, length);
  rest.remove_prefix(std::min(rest.size(), std::size_t{NLMSG_ALIGN(length)}));
  return piece;
}

// Calls visit(type, value) for each attribute; stops at a broken one.
template <typename Visit>
void for_each_attribute(std::string_view attributes, Visit&& visit) {
  while (true) {
    const auto piece = next_piece<nlattr, &nlattr::nla_len>(attributes);
    if (piece.empty()) return;
    const auto type = static_cast<std::uint16_t>(leading<nlattr>(piece).nla_type & NLA_TYPE_MASK);
    visit(type, piece.substr(NLA_HDRLEN));
  }
}

// A message of an answer: its type, and what follows its header.
using NetlinkVisit = std::function<void(std::uint16_t type, std::string_view body)>;

// One datagram of an answer; true when it ends the answer. Throws ReadError for a refusal, saying
// `what` was asked for, and for a broken message.
bool parse_netlink(std::string_view datagram, std::string_view what, const NetlinkVisit& visit);

// Asks for all there is of something (NLM_F_DUMP), over one socket that stays open. One thread at a
// time.
class NetlinkDump {
 public:
  // `what` stands in errors: "the neighbours". It must outlive this.
  explicit NetlinkDump(std::string_view what, int protocol = NETLINK_ROUTE)
      : what_(what), protocol_(protocol) {}

  // Calls visit for each message of the answer; `body` is what follows the header in the question.
  void ask(std::uint16_t type, std::string_view body, const Deadline& deadline,
           const NetlinkVisit& visit);

 private:
  void send(std::uint16_t type, std::string_view body);
  std::string_view receive(const Deadline& deadline);

  std::string_view what_;
  int protocol_;
  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
  std::string buffer_;
};

}  // namespace basewatch::node
