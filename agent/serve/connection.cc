#include "agent/serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace basewatch::serve {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

// Real time: this is about sockets, and no test of a schedule depends on it.
MonoTime now() {
  return std::chrono::steady_clock::now();
}

bool wait_for(int fd, short events, MonoTime until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    if (left <= 0) return false;
    pollfd waiting{fd, events, 0};
    const int got = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (got > 0) return true;
    if (got < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Received receive(Connection& connection, std::size_t limit) {
  char buffer[4096];
  while (true) {
    const auto got = ::recv(connection.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN ? Received::more : Received::closed;
    if (got == 0) return Received::closed;
    auto& text = connection.received;
    const auto begin = text.size() < 3 ? 0 : text.size() - 3;  // the end may straddle two reads
    text.append(buffer, static_cast<std::size_t>(got));
    if (const auto end = text.find(kEnd, begin); end != std::string::npos) {
      return end > limit ? Received::too_large : Received::complete;
    }
    if (text.size() > limit) return Received::too_large;
  }
}

std::string take_header(Connection& connection) {
  const auto end = connection.received.find(kEnd);
  if (end == std::string::npos) return {};
  auto header = connection.received.substr(0, end + kEnd.size());
  connection.received.erase(0, end + kEnd.size());
  return header;
}

bool SocketOutput::write_all(std::string_view bytes) {
  if (until_ == MonoTime{}) until_ = now() + time_;
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for(fd_, POLLOUT, until_)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void close_gently(Connection& connection) {
  const int fd = connection.fd.get();
  if (::shutdown(fd, SHUT_WR) != 0) return connection.fd.reset();
  const auto until = now() + std::chrono::seconds(1);
  char buffer[4096];
  for (std::size_t taken = 0; taken < 64 * 1024;) {
    if (!wait_for(fd, POLLIN, until)) break;
    const auto got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) break;
    if (got > 0) taken += static_cast<std::size_t>(got);
  }
  connection.fd.reset();
}

}  // namespace basewatch::serve
