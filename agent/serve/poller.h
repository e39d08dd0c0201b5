#pragma once

#include <sys/epoll.h>

#include <array>
#include <span>

#include "agent/base/clock.h"
#include "agent/base/unique_fd.h"

namespace basewatch::serve {

struct Connection;

// The kernel's list of descriptors to watch. A connection is told of once, and has to be armed for
// the next time: so a worker that has answered can arm it without waking the reception.
class Poller {
 public:
  Poller();  // throws std::runtime_error

  // Tells of what there is to read until `fd` is closed; `who` is what told() gives.
  void watch(int fd, void* who);
  // False when the kernel has no memory for it. Any thread; whoever owns the connection.
  bool arm(Connection& connection);

  void wait(Duration most);
  // Whom the last wait() was about.
  std::span<const epoll_event> told() const { return {events_.data(), count_}; }

 private:
  const UniqueFd fd_;
  std::array<epoll_event, 64> events_;
  std::size_t count_ = 0;
};

}  // namespace basewatch::serve
