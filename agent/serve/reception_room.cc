#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <thread>

#include "agent/serve/reception.h"

// The part of the reception that lets clients in, and shows out who has to make room for others.
namespace basewatch::serve {
namespace {

constexpr int kAcceptedAtOnce = 64;

}  // namespace

bool Reception::drop_oldest() {
  const auto oldest = std::ranges::min_element(waiting_, {}, &Connection::since);
  if (oldest == waiting_.end()) return false;
  if (oldest->phase == Phase::lingering) {
    waiting_.erase(oldest);
  } else {
    drop(oldest, "crowded_out");
  }
  return true;
}

// Answers that wait for slow readers are memory: those that wait longest go first.
void Reception::bound_unsent() {
  std::size_t all = 0, readers = 0;
  for (const auto& one : waiting_) {
    all += one.unsent.size();
    readers += one.unsent.empty() ? 0 : 1;
  }
  // In the order in which they came back from the workers; the last may be as long as it is.
  for (auto it = waiting_.begin(); all > rules_.limits.unsent_bytes && readers > 1;) {
    const auto here = it++;
    if (here->unsent.empty()) continue;
    all -= here->unsent.size();
    --readers;
    drop(here, "slow_reader");
  }
}

void Reception::accept_all() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      welcome(std::move(fd), ip_of(address));
      continue;
    }
    const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (!full) return;
    desk_.say("no descriptor is left for a new connection");
    if (!drop_oldest()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // poll would return at once
      return;
    }
  }
}

void Reception::welcome(UniqueFd fd, const IpAddress& client) {
  if (!rules_.access->admits(client)) return desk_.refused("address", client);
  if (waiting_.size() + workers_.connections() >= rules_.limits.connections && !drop_oldest()) {
    return desk_.refused("crowded_out", client);
  }
  // A TLS record waits for nobody's acknowledgement: 40 ms for each scrape otherwise.
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  Connection connection;
  connection.access = rules_.access;
  connection.transport = Transport(std::move(fd), rules_.access->tls());
  connection.phase = rules_.access->tls() ? Phase::handshake : Phase::header;
  connection.client = client;
  connection.since = std::chrono::steady_clock::now();
  connection.until = connection.since + rules_.limits.header_time;
  waiting_.push_back(std::move(connection));
  // Who connects has mostly asked by now: one look less at all of them.
  if (waiting_.back().phase == Phase::header) read_from(std::prev(waiting_.end()));
}

}  // namespace basewatch::serve
