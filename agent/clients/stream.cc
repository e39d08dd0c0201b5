#include "agent/clients/stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace basewatch::clients {
namespace {

using Kind = StreamError::Kind;
using namespace std::chrono_literals;

[[noreturn]] void fail(Kind kind, std::string message) {
  throw StreamError(kind, std::move(message));
}

// False when the deadline passed first.
bool wait_for(int fd, short events, const Deadline& deadline) {
  while (true) {
    pollfd waiting{fd, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) fail(Kind::unreachable, std::strerror(errno));
    if (deadline.passed()) return false;
  }
}

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

std::optional<socklen_t> parse_address(const std::string& text, std::uint16_t port, Address& out) {
  out = {};
  if (inet_pton(AF_INET, text.c_str(), &out.v4.sin_addr) == 1) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(port);
    return sizeof out.v4;
  }
  if (inet_pton(AF_INET6, text.c_str(), &out.v6.sin6_addr) == 1) {
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(port);
    return sizeof out.v6;
  }
  return std::nullopt;
}

UniqueFd connect_to(const Address& address, socklen_t size, const Deadline& deadline) {
  UniqueFd fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail(Kind::unreachable, std::strerror(errno));
  if (::connect(fd.get(), &address.any, size) != 0) {
    if (errno != EINPROGRESS) fail(Kind::unreachable, std::strerror(errno));
    if (!wait_for(fd.get(), POLLOUT, deadline)) {
      fail(Kind::timeout, "it does not take the connection in time");
    }
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) fail(Kind::unreachable, std::strerror(error));
  }
  if (address.any.sa_family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

}  // namespace

Stream Stream::to_host(Resolver& resolver, const std::string& host, std::uint16_t port,
                       const TlsOptions* tls, const Deadline& deadline) {
  std::vector<std::string> addresses;
  try {
    addresses = resolver.resolve(host, deadline);
  } catch (const ResolveError& error) {
    fail(Kind::unreachable, error.what());
  }
  std::string reason = "it has no address";
  for (const auto& text : addresses) {
    Address address;
    const auto size = parse_address(text, port, address);
    if (!size) continue;
    try {
      Stream stream(connect_to(address, *size, deadline));
      if (tls) stream.secure(*tls, host, deadline);
      return stream;
    } catch (const StreamError& error) {
      if (error.kind == Kind::timeout) throw;
      reason = error.what();
    }
  }
  fail(Kind::unreachable, reason);
}

Stream Stream::to_socket(const std::string& path, const TlsOptions* tls, const Deadline& deadline) {
  Address address{};
  address.local.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.local.sun_path) {
    fail(Kind::unreachable, "the socket's path is too long");
  }
  std::memcpy(address.local.sun_path, path.c_str(), path.size() + 1);
  Stream stream(connect_to(address, sizeof address.local, deadline));
  if (tls) stream.secure(*tls, "", deadline);
  return stream;
}

void Stream::secure(const TlsOptions& options, const std::string& host, const Deadline& deadline) {
  try {
    tls_ = std::make_unique<TlsSession>(options, host, fd_.get());
  } catch (const std::runtime_error& error) {
    fail(Kind::unreachable, error.what());
  }
  while (true) {
    short events = POLLIN;
    switch (tls_->handshake()) {
      case TlsSession::Step::done:
        return;
      case TlsSession::Step::wants_read:
        break;
      case TlsSession::Step::wants_write:
        events = POLLOUT;
        break;
      case TlsSession::Step::closed:
        fail(Kind::unreachable, "it closes the connection instead of speaking TLS");
      case TlsSession::Step::failed:
        fail(Kind::unreachable, tls_->problem());
    }
    if (!wait_for(fd_.get(), events, deadline)) {
      fail(Kind::timeout, "it does not finish the TLS handshake in time");
    }
  }
}

// Whether anything moved; else `events` says what to wait for.
bool Stream::send_some(std::string_view& to_send, short& events) {
  std::size_t sent = 0;
  if (tls_) {
    switch (tls_->write(to_send.data(), to_send.size(), sent)) {
      case TlsSession::Step::done:
        break;
      case TlsSession::Step::wants_read:
        events |= POLLIN;
        return false;
      case TlsSession::Step::wants_write:
        events |= POLLOUT;
        return false;
      case TlsSession::Step::closed:
        fail(Kind::closed, "it closes the connection");
      case TlsSession::Step::failed:
        fail(Kind::closed, tls_->problem());
    }
  } else {
    const auto result = ::send(fd_.get(), to_send.data(), to_send.size(), MSG_NOSIGNAL);
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) {
      events |= POLLOUT;
      return false;
    }
    if (result < 0) fail(Kind::closed, std::strerror(errno));
    sent = static_cast<std::size_t>(result);
  }
  to_send.remove_prefix(sent);
  return true;
}

bool Stream::receive_some(std::string& received, short& events) {
  std::array<char, 16 * 1024> buffer;
  std::size_t got = 0;
  if (tls_) {
    switch (tls_->read(buffer.data(), buffer.size(), got)) {
      case TlsSession::Step::done:
        break;
      case TlsSession::Step::wants_read:
        events |= POLLIN;
        return false;
      case TlsSession::Step::wants_write:
        events |= POLLOUT;
        return false;
      case TlsSession::Step::closed:
        fail(Kind::closed, "it closes the connection");
      case TlsSession::Step::failed:
        fail(Kind::closed, tls_->problem());
    }
  } else {
    const auto result = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) {
      events |= POLLIN;
      return false;
    }
    if (result < 0) fail(Kind::closed, std::strerror(errno));
    if (result == 0) fail(Kind::closed, "it closes the connection");
    got = static_cast<std::size_t>(result);
  }
  received.append(buffer.data(), got);
  return true;
}

void Stream::exchange(std::string_view& to_send, std::string& received, const Deadline& deadline) {
  while (true) {
    short events = 0;
    bool moved = false;
    try {
      moved = !to_send.empty() && send_some(to_send, events);
    } catch (const StreamError&) {
      to_send = {};  // it may have said why before it closed
    }
    moved |= receive_some(received, events);
    if (moved) return;
    if (!wait_for(fd_.get(), events, deadline)) {
      fail(Kind::timeout, "it does not answer in time");
    }
  }
}

}  // namespace basewatch::clients
