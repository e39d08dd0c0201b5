#include "agent/serve/poller.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "agent/serve/connection.h"

namespace basewatch::serve {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!fd_) throw std::runtime_error(std::string("cannot serve: ") + std::strerror(errno));
}

void Poller::watch(int fd, void* who) {
  epoll_event event{EPOLLIN, {who}};
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return;
  throw std::runtime_error(std::string("cannot serve: ") + std::strerror(errno));
}

bool Poller::arm(Connection& connection) {
  const auto wanted = static_cast<std::uint32_t>(connection.events);  // POLLIN is EPOLLIN
  epoll_event event{wanted | EPOLLONESHOT, {&connection}};
  const int what = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection.watched = connection.armed = true;  // before it can be told of
  if (::epoll_ctl(fd_.get(), what, connection.transport.fd(), &event) == 0) return true;
  return connection.armed = false;
}

void Poller::wait(Duration most) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(most).count();
  const int count = ::epoll_wait(fd_.get(), events_.data(), static_cast<int>(events_.size()),
                                 static_cast<int>(std::max<std::int64_t>(left, 0)));
  count_ = static_cast<std::size_t>(std::max(count, 0));
}

}  // namespace basewatch::serve
