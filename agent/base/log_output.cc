#include "agent/base/log_output.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace basewatch {
namespace {

constexpr std::size_t kMostWaiting = 500;
constexpr std::size_t kAtOnce = 4096;  // a pipe that says it is ready has room for so much

}  // namespace

std::size_t LogOutput::write(std::string_view line) {
  if (waiting_.size() < kMostWaiting) {
    waiting_.emplace_back(line);
  } else {
    ++lost_;
  }
  while (!waiting_.empty()) {
    std::string_view rest = waiting_.front();
    if (!write_some(rest)) return 0;
    if (rest.empty()) {
      waiting_.pop_front();
    } else {
      waiting_.front().erase(0, waiting_.front().size() - rest.size());
    }
  }
  return std::exchange(lost_, 0);
}

// False when nothing is taken now. What can never be written (the reader is gone) counts as
// written.
bool LogOutput::write_some(std::string_view& text) const {
  const auto part = text.substr(0, kAtOnce);
  auto sent = ::send(fd_, part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ENOTSOCK) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 0) return false;
    sent = ::write(fd_, part.data(), part.size());
  }
  if (sent < 0 && errno == EINTR) return true;
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  text.remove_prefix(sent < 0 ? text.size() : static_cast<std::size_t>(sent));
  return true;
}

}  // namespace basewatch
