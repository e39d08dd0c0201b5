#include "agent/serve/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "agent/base/thread.h"
#include "agent/serve/connection.h"
#include "agent/serve/exchange.h"
#include "agent/serve/listener.h"

namespace basewatch::serve {
namespace {

constexpr int kAnswersPerConnection = 1000;

// Real time, as in connection.cc.
MonoTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

// Shared by the reception thread and the workers; each holds it alive, because a worker that hangs
// in the handler outlives the server. Everything below `mutex` is guarded by it; `waiting` belongs
// to the reception alone.
class Server::State : public std::enable_shared_from_this<State> {
 public:
  State(Log& log, Handler handler, ServerLimits given)
      : limits(given), exchange(guarded(std::move(handler))), log_(&log) {}

  void start(const std::string& host, std::uint16_t port) {
    listener_ = listen_on(host, port);
    wake_ = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!wake_) throw std::runtime_error(std::string("cannot serve: ") + std::strerror(errno));
    reception_ = start_thread("http", [self = shared_from_this()] { self->receive_all(); });
  }

  std::uint16_t port() const { return listener_ ? local_port(listener_.get()) : 0; }

  std::uint64_t pulse() {
    wake();
    return turns_;
  }

  std::size_t workers() const {
    std::lock_guard guard(mutex_);
    return workers_;
  }

  bool stop(Duration drain) {
    {
      std::lock_guard guard(mutex_);
      stopping_ = true;  // requests that are in whole by now are still answered
    }
    work_.notify_all();
    wake();
    if (reception_.joinable()) reception_.join();
    std::unique_lock guard(mutex_);
    const bool done = gone_.wait_for(guard, drain, [&] { return workers_ == 0; });
    log_ = nullptr;
    return done;
  }

 private:
  void receive_all() {
    std::vector<pollfd> polled;
    while (!take_returned()) {
      ++turns_;
      polled.assign({{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
      auto next = now() + std::chrono::seconds(60);
      for (const auto& connection : waiting_) {
        polled.push_back({connection.fd.get(), POLLIN, 0});
        next = std::min(next, connection.until);
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now()).count();
      if (::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) <
          0) {
        continue;
      }
      look_at_waiting(polled);
      if (polled[1].revents != 0) accept_all();
    }
    listener_.reset();
    waiting_.clear();
  }

  // Takes back connections that were answered; true when it is time to end.
  bool take_returned() {
    std::uint64_t ignored = 0;
    if (::read(wake_.get(), &ignored, sizeof ignored) < 0) ignored = 0;
    std::list<Connection> returned;
    {
      std::lock_guard guard(mutex_);
      returned.swap(returned_);
      if (stopping_) return true;
    }
    for (auto& connection : returned) {
      connection.since = now();
      connection.until =
          connection.since + (connection.received.empty() ? limits.idle_time : limits.header_time);
      waiting_.push_back(std::move(connection));
      // The next request may be there already: then no poll would ever tell.
      if (waiting_.back().received.find("\r\n\r\n") != std::string::npos) {
        hand_over(std::prev(waiting_.end()));
      }
    }
    return false;
  }

  void look_at_waiting(const std::vector<pollfd>& polled) {
    std::size_t index = 2;
    for (auto it = waiting_.begin(); it != waiting_.end(); ++index) {
      const auto here = it++;
      if (polled[index].revents != 0) {
        read_from(here);
      } else if (now() >= here->until) {
        refuse(here, here->received.empty() ? "" : "408 Request Timeout");
      }
    }
  }

  void read_from(std::list<Connection>::iterator connection) {
    const bool fresh = connection->received.empty();
    switch (receive(*connection, limits.header_bytes)) {
      case Received::more:
        if (fresh) connection->until = std::min(connection->until, now() + limits.header_time);
        return;
      case Received::closed:
        waiting_.erase(connection);
        return;
      case Received::too_large:
        refuse(connection, "431 Request Header Fields Too Large");
        return;
      case Received::complete:
        hand_over(connection);
        return;
    }
  }

  // Best effort, without waiting: the client has broken the rules.
  void refuse(std::list<Connection>::iterator connection, std::string_view status) {
    if (!status.empty()) {
      const auto text =
          "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
      if (::send(connection->fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        ::shutdown(connection->fd.get(), SHUT_WR);
      }
    }
    waiting_.erase(connection);
  }

  void accept_all() {
    while (true) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (!full) return;
        say("no descriptor is left for a new connection");
        if (!drop_oldest()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(50));  // poll would return at once
          return;
        }
        continue;
      }
      if (waiting_.size() + busy() >= limits.connections && !drop_oldest()) continue;
      Connection connection;
      connection.from_loopback = peer_is_loopback(fd.get());
      connection.fd = std::move(fd);
      connection.since = now();
      connection.until = connection.since + limits.header_time;
      waiting_.push_back(std::move(connection));
    }
  }

  bool drop_oldest() {
    const auto oldest = std::ranges::min_element(waiting_, {}, &Connection::since);
    if (oldest == waiting_.end()) return false;
    waiting_.erase(oldest);
    return true;
  }

  std::size_t busy() const {
    std::lock_guard guard(mutex_);
    return busy_ + queue_.size() + returned_.size();
  }

  void hand_over(std::list<Connection>::iterator connection) {
    std::lock_guard guard(mutex_);
    queue_.splice(queue_.end(), waiting_, connection);
    work_.notify_one();
    if (idle_ >= queue_.size() || workers_ >= limits.workers) return;
    try {
      start_thread("http-worker", [self = shared_from_this()] { self->work(); }).detach();
      ++workers_;
    } catch (const std::system_error&) {
      if (workers_ == 0) queue_.clear();  // nobody would ever answer
    }
  }

  void work() {
    std::unique_lock guard(mutex_);
    while (true) {
      ++idle_;
      const bool woken = work_.wait_for(guard, limits.worker_idle_time,
                                        [&] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (queue_.empty() && (stopping_ || !woken)) break;
      if (queue_.empty()) continue;
      std::list<Connection> mine;
      mine.splice(mine.end(), queue_, queue_.begin());
      const bool last = stopping_;
      ++busy_;
      guard.unlock();
      const bool keep = answer(mine.front(), last);
      if (!keep && mine.front().fd) close_gently(mine.front());
      guard.lock();
      --busy_;
      if (keep && !stopping_) {
        returned_.splice(returned_.end(), mine);
        wake();
      }
    }
    --workers_;
    gone_.notify_all();
  }

  bool answer(Connection& connection, bool last) {
    SocketOutput output(connection.fd.get(), limits.write_time);
    last = last || ++connection.answered >= kAnswersPerConnection;
    const bool keep = exchange.run(take_header(connection), connection.from_loopback, last, output);
    if (output.broken()) connection.fd.reset();
    return keep;
  }

  Handler guarded(Handler handler) {
    return [this, handler = std::move(handler)](const Call& call) -> Answer {
      try {
        return handler(call);
      } catch (const std::exception& error) {
        say(std::string("answering a request failed: ") + error.what());
      }
      return {
          500, "text/plain; charset=utf-8", "internal error; the agent's log has the reason\n", {}};
    };
  }

  void say(std::string message) {
    std::lock_guard guard(mutex_);
    if (log_) log_->write(LogLevel::error, "http", message);
  }

  void wake() {
    const std::uint64_t one = 1;
    if (wake_ && ::write(wake_.get(), &one, sizeof one) < 0) return;  // full: it is awake anyway
  }

  const ServerLimits limits;
  const Exchange exchange;
  UniqueFd listener_, wake_;
  std::thread reception_;
  std::list<Connection> waiting_;
  std::atomic<std::uint64_t> turns_ = 0;

  mutable std::mutex mutex_;
  Log* log_;  // null once stop() has returned
  std::condition_variable work_, gone_;
  std::list<Connection> queue_, returned_;
  std::size_t workers_ = 0, idle_ = 0, busy_ = 0;
  bool stopping_ = false;
};

Server::Server(Log& log, Handler handler, ServerLimits limits)
    : state_(std::make_shared<State>(log, std::move(handler), limits)) {}

Server::~Server() {
  stop(Duration::zero());
}

void Server::start(const std::string& host, std::uint16_t port) {
  state_->start(host, port);
}
std::uint16_t Server::port() const {
  return state_->port();
}
bool Server::stop(Duration drain) {
  return state_->stop(drain);
}
std::uint64_t Server::pulse() {
  return state_->pulse();
}
std::size_t Server::threads() const {
  return state_->workers();
}

}  // namespace basewatch::serve
