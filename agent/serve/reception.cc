#include "agent/serve/reception.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace basewatch::serve {
namespace {

constexpr auto kLingerTime = std::chrono::seconds(1);
// Handshakes cost a millisecond of computing each: between two looks at the others, no more than
// this.
constexpr auto kHandshakeShare = std::chrono::milliseconds(20);

constexpr std::string_view kNotTls =
    "HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    "this port speaks TLS: write https:// (in Prometheus scheme: https)\n";
constexpr std::string_view kNoTls =
    "HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    "this port speaks no TLS: write http:// (in Prometheus scheme: http)\n";
constexpr std::string_view kTimeout =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kTooLarge =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
    "Content-Length: 0\r\n\r\n";

// Real time: this is about sockets, and no test of a schedule depends on it.
MonoTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Reception::Reception(Desk desk, Workers& workers)
    : desk_(std::move(desk)), workers_(workers), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_) throw std::runtime_error(std::string("cannot serve: ") + std::strerror(errno));
  poller_.watch(wake_.get(), &wake_);
}

void Reception::listen(UniqueFd listener) {
  listener_ = std::move(listener);
  poller_.watch(listener_.get(), &listener_);
}

void Reception::wake() {
  const std::uint64_t one = 1;
  if (::write(wake_.get(), &one, sizeof one) < 0) return;  // full: it is awake anyway
}

void Reception::stop(Duration drain) {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
    stop_at_ = now() + drain;
  }
  wake();
}

void Reception::run(const std::shared_ptr<void>& owner) {
  owner_ = owner;
  while (true) {
    ++turns_;
    bound_unsent();
    if (is_over()) break;
    sleep();
    take_back();  // before anything: some of what is ready may have come back meanwhile
    note_ready();
    take_rules();
    look_at_waiting();
    if (callers_ && !draining_) accept_all();
  }
  waiting_.clear();
  owner_.reset();
}

// In the end everything that waits for a request goes at once; what is being answered may end.
bool Reception::is_over() {
  MonoTime at;
  {
    std::lock_guard guard(mutex_);
    if (!stopping_) return false;
    at = stop_at_;
  }
  if (!draining_) listener_.reset();
  draining_ = true;
  std::erase_if(waiting_, [](const Connection& one) {
    return one.phase == Phase::handshake || one.phase == Phase::header;
  });
  const bool idle = waiting_.empty() && workers_.threads() == 0 && workers_.connections() == 0;
  return idle || now() >= at;
}

void Reception::sleep() {
  const auto begin = now();
  auto next = begin + kLongestSleep;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    if (!here->armed && !poller_.arm(*here)) {
      drop(here, "no_memory");
      continue;
    }
    next = std::min(next, here->until);
  }
  if (draining_) {
    std::lock_guard guard(mutex_);
    next = std::min(next, stop_at_);
  }
  poller_.wait(next - begin);
}

void Reception::note_ready() {
  callers_ = false;
  for (const auto& event : poller_.told()) {
    if (event.data.ptr == &wake_) {
      std::uint64_t ignored = 0;
      if (::read(wake_.get(), &ignored, sizeof ignored) < 0) ignored = 0;
    } else if (event.data.ptr == &listener_) {
      callers_ = true;
    } else {
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      connection.ready = true;
      connection.armed = false;
    }
  }
}

void Reception::take_rules() {
  rules_ = desk_.rules();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    if (here->access == rules_.access) continue;
    const bool idle =
        here->phase == Phase::handshake || (here->phase == Phase::header && here->received.empty());
    const bool same =
        here->access->same_clients(*rules_.access) && rules_.access->admits(here->client);
    if (idle && !same) waiting_.erase(here);  // it comes again, and is looked at anew
  }
}

void Reception::take_back() {
  auto returned = workers_.take_back();
  while (!returned.empty()) {
    waiting_.splice(waiting_.end(), returned, returned.begin());
    const auto connection = std::prev(waiting_.end());
    if (connection->armed) continue;  // it is answered and waits for its next request
    connection->since = now();
    connection->until = now() + rules_.limits.write_time;
    connection->phase = Phase::sending;
    if (connection->unsent.empty()) {
      answered(connection);
    } else {
      send_to(connection);
    }
  }
}

void Reception::look_at_waiting() {
  std::vector<Place> handshakes;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    if (!std::exchange(here->ready, false)) {
      if (now() >= here->until) out_of_patience(here);
    } else if (here->phase == Phase::handshake) {
      handshakes.push_back(here);
    } else {
      go_on(here);
    }
  }
  const auto begin = now();
  for (const auto here : handshakes) {
    if (now() - begin > kHandshakeShare) break;  // the others are still readable the next time
    if (now() >= here->until) {
      out_of_patience(here);
    } else {
      shake_hands(here);
    }
  }
}

void Reception::go_on(Place connection) {
  switch (connection->phase) {
    case Phase::handshake:
      return shake_hands(connection);
    case Phase::header:
      return read_from(connection);
    case Phase::sending:
      return send_to(connection);
    case Phase::lingering:
      if (!linger(*connection) || now() >= connection->until) waiting_.erase(connection);
      return;
  }
}

void Reception::shake_hands(Place connection) {
  const auto io = connection->transport.handshake();
  if (io == Io::done) {
    connection->phase = Phase::header;
    return read_from(connection);
  }
  if (io != Io::closed) {
    connection->events = io == Io::wants_write ? POLLOUT : POLLIN;
    return;
  }
  const auto why = connection->transport.failure();
  desk_.handshake_failed(why, connection->client);
  if (why != "plain_http") return linger_on(connection);  // so that the alert arrives
  connection->transport.write_in_the_clear(kNotTls);
  linger_on(connection);
}

void Reception::read_from(Place connection) {
  const bool fresh = connection->received.empty() && connection->answered > 0;
  switch (receive(*connection, rules_.limits.header_bytes)) {
    case Received::more:
      if (fresh && !connection->received.empty()) {
        connection->until = std::min(connection->until, now() + rules_.limits.header_time);
      } else if (now() >= connection->until) {
        out_of_patience(connection);
      }
      return;
    case Received::closed:
      waiting_.erase(connection);
      return;
    case Received::too_large:
      return refuse(connection, "header_too_large", kTooLarge);
    case Received::is_tls:
      return refuse(connection, "tls_to_plain_port", kNoTls);
    case Received::complete:
      workers_.hand_over(waiting_, connection, rules_.limits.workers, owner_);
      return;
  }
}

void Reception::send_to(Place connection) {
  const auto io = send_more(*connection);
  if (io == Io::done) return answered(connection);
  if (io == Io::closed) {
    waiting_.erase(connection);
  } else if (now() >= connection->until) {
    out_of_patience(connection);
  }
}

// The answer is sent, as far as we are concerned.
void Reception::answered(Place connection) {
  if (connection->keep && !draining_) return await_header(connection);
  linger_on(connection);
}

void Reception::await_header(Place connection) {
  await_request(*connection, now(), rules_.limits.idle_time, rules_.limits.header_time);
  if (has_header(*connection)) {
    workers_.hand_over(waiting_, connection, rules_.limits.workers, owner_);
  } else if (connection->transport.pending()) {
    read_from(connection);
  }
}

void Reception::out_of_patience(Place connection) {
  switch (connection->phase) {
    case Phase::handshake:
      desk_.handshake_failed("timeout", connection->client);
      waiting_.erase(connection);
      return;
    case Phase::header:
      if (!connection->received.empty()) return refuse(connection, "header_timeout", kTimeout);
      if (connection->answered == 0) return drop(connection, "header_timeout");
      connection->transport.finish_writing();  // idle for long enough: nobody's fault
      waiting_.erase(connection);
      return;
    case Phase::sending:
      return drop(connection, "answer_timeout");
    case Phase::lingering:
      waiting_.erase(connection);
  }
}

// Best effort, without waiting: the client has broken the rules.
void Reception::refuse(Place connection, std::string_view reason, std::string_view answer) {
  desk_.refused(reason, connection->client);
  std::size_t sent = 0;
  connection->transport.write(answer, sent);
  linger_on(connection);
}

void Reception::linger_on(Place connection) {
  connection->transport.finish_writing();
  connection->phase = Phase::lingering;
  connection->events = POLLIN;
  connection->received.clear();
  connection->until = now() + kLingerTime;
  if (!linger(*connection)) waiting_.erase(connection);
}

void Reception::drop(Place connection, std::string_view reason) {
  desk_.refused(reason, connection->client);
  waiting_.erase(connection);
}

}  // namespace basewatch::serve
