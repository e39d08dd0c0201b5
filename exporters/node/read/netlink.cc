#include "exporters/node/read/netlink.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "exporters/node/read/error_text.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;  // the kernel fills at most 32 KiB of a dump at once
constexpr int kAttempts = 3;                // while the list changes

// Takes one aligned piece with a length in its header off the front; empty at the end or when
// broken.
template <typename Header, auto Length>
std::string_view next_piece(std::string_view& rest) {
  if (rest.size() < sizeof(Header)) return {};
  const std::size_t length = netlink_value<Header>(rest).*Length;
  if (length < sizeof(Header) || length > rest.size()) return {};
  const auto piece = rest.substr(0, length);
  rest.remove_prefix(std::min(rest.size(), NLMSG_ALIGN(length)));
  return piece;
}

// The error of a message that ends an answer; 0 when it is none.
int error_of(std::string_view body, bool is_required) {
  if (body.size() < sizeof(int)) return is_required ? EBADMSG : 0;
  const int error = netlink_value<int>(body);
  return error < 0 && error > -4096 ? -error : 0;
}

}  // namespace

NetlinkEnd parse_netlink(std::string_view datagram, std::string_view what,
                         const NetlinkVisitor& visit) {
  bool is_interrupted = false;
  while (!datagram.empty()) {
    const auto message = next_piece<nlmsghdr, &nlmsghdr::nlmsg_len>(datagram);
    if (message.empty()) throw ReadError("netlink answered with a broken message");
    const auto header = netlink_value<nlmsghdr>(message);
    const auto body = message.substr(NLMSG_HDRLEN);
    is_interrupted |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      if (const int error = error_of(body, header.nlmsg_type == NLMSG_ERROR)) {
        throw NetlinkError(fmt::format("netlink refuses {}: {}", what, error_text(error)), error);
      }
      return is_interrupted ? NetlinkEnd::interrupted : NetlinkEnd::done;
    }
    if (header.nlmsg_type >= NLMSG_MIN_TYPE) visit({header.nlmsg_type, body});
  }
  return NetlinkEnd::open;
}

void for_each_attribute(std::string_view bytes, const AttributeVisitor& visit) {
  while (true) {
    const auto piece = next_piece<nlattr, &nlattr::nla_len>(bytes);
    if (piece.empty()) return;
    visit(netlink_value<nlattr>(piece).nla_type & NLA_TYPE_MASK, piece.substr(NLA_HDRLEN));
  }
}

void for_each_attribute(std::string_view body, std::size_t header, const AttributeVisitor& visit) {
  const auto skip = NLMSG_ALIGN(header);
  if (body.size() > skip) for_each_attribute(body.substr(skip), visit);
}

std::string netlink_attribute(std::uint16_t type, std::string_view value) {
  const nlattr header{static_cast<__u16>(NLA_HDRLEN + value.size()), type};
  std::string bytes(netlink_bytes(header));
  bytes += value;
  bytes.resize(NLA_ALIGN(bytes.size()));
  return bytes;
}

void Netlink::send(std::uint16_t type, std::uint16_t flags, std::string_view body) {
  if (!socket_) {
    socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol_));
    if (!socket_) {
      throw NetlinkError(fmt::format("cannot open netlink: {}", error_text(errno)), errno);
    }
  }
  nlmsghdr header{};
  header.nlmsg_len = static_cast<__u32>(NLMSG_HDRLEN + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++sequence_;
  std::string request(netlink_bytes(header));
  request += body;
  const auto sent = ::send(socket_.get(), request.data(), request.size(), 0);
  if (sent != static_cast<ssize_t>(request.size())) {
    throw ReadError(fmt::format("cannot ask netlink: {}", error_text(errno)));
  }
}

std::string_view Netlink::next_datagram(const Deadline& deadline) {
  buffer_.resize(kBuffer);
  while (true) {
    pollfd readable{socket_.get(), POLLIN, 0};
    // A tenth is kept for what comes after: a run that ends past its deadline has failed.
    const auto span = deadline.remaining() * 9 / 10;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(span).count();
    const int ready = poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready == 0) throw ReadError("netlink did not answer in time");
    const auto got = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw ReadError(fmt::format("cannot read from netlink: {}", error_text(errno)));
    if (static_cast<std::size_t>(got) > buffer_.size()) {
      throw ReadError("netlink sent more at once than the kernel ever does");
    }
    const std::string_view datagram(buffer_.data(), static_cast<std::size_t>(got));
    // An answer to an earlier question, given up at its deadline, may still lie in the socket.
    if (got > 0 && netlink_value<nlmsghdr>(datagram).nlmsg_seq != sequence_) continue;
    return datagram;
  }
}

NetlinkEnd Netlink::receive(std::string_view what, const Deadline& deadline,
                            const NetlinkVisitor& visit) {
  bool is_interrupted = false;
  const auto note = [&](const NetlinkMessage& message) { visit(message); };
  while (true) {
    const auto end = parse_netlink(next_datagram(deadline), what, note);
    is_interrupted |= end == NetlinkEnd::interrupted;
    if (end != NetlinkEnd::open) {
      return is_interrupted ? NetlinkEnd::interrupted : NetlinkEnd::done;
    }
  }
}

void Netlink::dump(std::uint16_t type, std::string_view body, std::string_view what,
                   const Deadline& deadline, const std::function<void()>& begin,
                   const NetlinkVisitor& visit) {
  try {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      begin();
      send(type, NLM_F_DUMP, body);
      if (receive(what, deadline, visit) == NetlinkEnd::done) return;
    }
  } catch (...) {
    socket_.reset();  // the next run begins with a clean one
    throw;
  }
}

void Netlink::ask(std::uint16_t type, std::string_view body, std::string_view what,
                  const Deadline& deadline, const NetlinkVisitor& visit) {
  try {
    send(type, NLM_F_ACK, body);
    receive(what, deadline, visit);
  } catch (...) {
    socket_.reset();
    throw;
  }
}

}  // namespace basewatch::node
