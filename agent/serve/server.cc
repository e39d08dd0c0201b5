#include "agent/serve/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "agent/base/thread.h"
#include "agent/serve/complaints.h"
#include "agent/serve/exchange.h"
#include "agent/serve/listener.h"
#include "agent/serve/reception.h"
#include "agent/serve/workers.h"

namespace basewatch::serve {
namespace {

constexpr int kAnswersPerConnection = 1000;

}  // namespace

// Shared by the reception thread and the workers; each holds it alive, because a worker that hangs
// in the handler outlives the server.
class Server::State : public std::enable_shared_from_this<State> {
 public:
  State(Log& log, Handler handler, const ServerLimits& limits, ServerEvents events)
      : events_(std::move(events)),
        exchange_(guarded(std::move(handler))),
        workers_([this](Connection& connection) { return answer(connection); },
                 [this](Connection& connection) { return reception_.arm(connection); }, [this] { reception_.wake(); }),
        reception_(desk(), workers_),
        log_(&log),
        complaints_(log, Clock::system()),
        rules_{limits, Access::open()} {}

  void start(const std::string& host, std::uint16_t port) {
    reception_.listen(listen_on(host, port));
    port_ = local_port(reception_.listener().get());
    thread_ = start_thread("http", [self = shared_from_this()] { self->reception_.run(self); });
  }

  std::uint16_t port() const { return port_; }
  std::size_t threads() const { return workers_.threads(); }

  void set_access(std::shared_ptr<const Access> access) {
    {
      std::lock_guard guard(mutex_);
      rules_.access = std::move(access);
    }
    reception_.wake();
  }

  void set_limits(const ServerLimits& limits) {
    {
      std::lock_guard guard(mutex_);
      rules_.limits = limits;
    }
    reception_.wake();
  }

  std::uint64_t pulse() {
    reception_.wake();
    return reception_.turns();
  }

  bool stop(Duration drain) {
    const auto until = std::chrono::steady_clock::now() + drain;
    workers_.stop();
    reception_.stop(drain);
    if (thread_.joinable()) thread_.join();
    const bool done = workers_.wait_for_end(until - std::chrono::steady_clock::now());
    std::lock_guard guard(mutex_);
    log_ = nullptr;
    return done;
  }

 private:
  Desk desk() {
    return {[this] { return rules(); },
            [this](std::string_view reason, const IpAddress& client) {
              complain(events_.connection_refused, reason,
                       fmt::format("a connection from {} was refused: {}", client.text(), reason));
            },
            [this](std::string_view reason, const IpAddress& client) {
              complain(events_.handshake_failed, reason,
                       fmt::format("a TLS handshake with {} failed: {}", client.text(), reason));
            },
            [this](std::string_view message) { say(std::string(message)); }};
  }

  Rules rules() const {
    std::lock_guard guard(mutex_);
    return rules_;
  }

  // True when all is sent and the connection waits for its next request.
  bool answer(Connection& connection) {
    const auto [limits, access] = rules();
    const bool last =
        ++connection.answered >= kAnswersPerConnection || !connection.access->same_clients(*access);
    const Peer peer{connection.client, connection.transport.secure(),
                    connection.transport.client_verified()};
    try {
      connection.keep = exchange_.run(take_header(connection), peer, last, connection.unsent);
    } catch (const std::exception& error) {  // such as no memory: this client's loss, not ours
      connection.keep = false;
      connection.unsent = {};
      say(std::string("answering a request failed: ") + error.what());
    }
    // What the socket does not take at once is the reception's to send, and so is whatever has to
    // be looked at sooner than it would look by itself.
    if (!connection.keep || limits.idle_time < Reception::kLongestSleep) return false;
    if (send_more(connection) != Io::done || has_more(connection)) return false;
    if (!connection.received.empty()) return false;  // the next header has its own, shorter time
    await_request(connection, std::chrono::steady_clock::now(), limits.idle_time,
                  limits.header_time);
    return true;
  }

  std::function<Answer(Call&)> guarded(Handler handler) {
    return [this, handler = std::move(handler)](Call& call) -> Answer {
      const auto access = rules().access;
      Answer out;
      if (auto refusal = access->refuse(call, passwords_)) {
        complain(events_.request_refused, refusal->reason, refusal->message);
        out = std::move(refusal->answer);
      } else {
        out = handled(handler, call);
      }
      for (const auto& [name, value] : access->headers()) {
        const bool there = std::ranges::any_of(out.headers, [&](const auto& header) {
          return header.first == name;  // an endpoint that sets it knows better
        });
        if (!there) out.headers.emplace_back(name, value);
      }
      return out;
    };
  }

  Answer handled(const Handler& handler, const Call& call) {
    try {
      return handler(call);
    } catch (const std::exception& error) {
      say(std::string("answering a request failed: ") + error.what());
    }
    return {
        500, "text/plain; charset=utf-8", "internal error; the agent's log has the reason\n", {}};
  }

  // After stop() nobody listens any more: neither the log nor what counts need be there.
  void complain(const std::function<void(std::string_view)>& event, std::string_view reason,
                std::string_view message) {
    std::lock_guard guard(mutex_);
    if (!log_) return;
    if (event) event(reason);
    complaints_.add(reason, message);
  }

  void say(std::string message) {
    std::lock_guard guard(mutex_);
    if (log_) log_->write(LogLevel::error, "http", message);
  }

  const ServerEvents events_;
  const Exchange exchange_;
  Passwords passwords_;
  Workers workers_;
  Reception reception_;
  std::thread thread_;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;
  Log* log_;  // guarded by mutex_; null once stop() has returned
  Complaints complaints_;
  Rules rules_;  // guarded by mutex_
};

Server::Server(Log& log, Handler handler, ServerLimits limits, ServerEvents events)
    : state_(std::make_shared<State>(log, std::move(handler), limits, std::move(events))) {}

Server::~Server() {
  stop(Duration::zero());
}

void Server::set_access(std::shared_ptr<const Access> access) {
  state_->set_access(std::move(access));
}
void Server::set_limits(const ServerLimits& limits) {
  state_->set_limits(limits);
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
  return state_->threads();
}

}  // namespace basewatch::serve
