#include "exporters/node/read/netlink.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "exporters/node/read/error_text.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;  // the kernel fills at most 32 KiB of a dump at once

}  // namespace

bool parse_netlink(std::string_view datagram, std::string_view what, const NetlinkVisit& visit) {
  while (!datagram.empty()) {
    const auto message = next_piece<nlmsghdr, &nlmsghdr::nlmsg_len>(datagram);
    if (message.empty()) throw ReadError("netlink answered with a broken message");
    const auto header = leading<nlmsghdr>(message);
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      const int error = message.size() < NLMSG_LENGTH(sizeof(int))
                            ? EBADMSG
                            : -leading<int>(message.substr(NLMSG_HDRLEN));
      throw ReadError(fmt::format("netlink refuses {}: {}", what, error_text(error)));
    }
    visit(header.nlmsg_type, message.substr(NLMSG_HDRLEN));
  }
  return false;
}

void NetlinkDump::ask(std::uint16_t type, std::string_view body, const Deadline& deadline,
                      const NetlinkVisit& visit) {
  try {
    send(type, body);
    while (true) {
      const auto datagram = receive(deadline);
      // An answer to an earlier question, given up at its deadline, may still lie in the socket.
      if (!datagram.empty() && leading<nlmsghdr>(datagram).nlmsg_seq != sequence_) continue;
      if (parse_netlink(datagram, what_, visit)) return;
    }
  } catch (...) {
    socket_.reset();  // the next run begins with a clean one
    throw;
  }
}

void NetlinkDump::send(std::uint16_t type, std::string_view body) {
  if (!socket_) {
    socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol_));
    if (!socket_) throw ReadError(fmt::format("cannot open netlink: {}", error_text(errno)));
  }
  nlmsghdr header{};
  header.nlmsg_len = static_cast<__u32>(NLMSG_LENGTH(body.size()));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = ++sequence_;
  std::string request(bytes_of(header));
  request += body;
  if (::send(socket_.get(), request.data(), request.size(), 0) !=
      static_cast<ssize_t>(request.size())) {
    throw ReadError(fmt::format("cannot ask netlink: {}", error_text(errno)));
  }
}

std::string_view NetlinkDump::receive(const Deadline& deadline) {
  buffer_.resize(kBuffer);
  while (true) {
    pollfd readable{socket_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
    const int ready = poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready == 0) throw ReadError("netlink did not answer in time");
    const auto got = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw ReadError(fmt::format("cannot read from netlink: {}", error_text(errno)));
    if (static_cast<std::size_t>(got) > buffer_.size()) {
      throw ReadError("netlink sent more at once than the kernel ever does");
    }
    return {buffer_.data(), static_cast<std::size_t>(got)};
  }
}

}  // namespace basewatch::node
