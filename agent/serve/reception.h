#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>

#include "agent/serve/connection.h"
#include "agent/serve/poller.h"
#include "agent/serve/server.h"
#include "agent/serve/workers.h"

namespace basewatch::serve {

// What may change while the server runs.
struct Rules {
  ServerLimits limits;
  std::shared_ptr<const Access> access;
};

// What the reception needs of the server around it; called from the reception's thread.
struct Desk {
  std::function<Rules()> rules;
  std::function<void(std::string_view reason, const IpAddress& client)> refused;
  std::function<void(std::string_view reason, const IpAddress& client)> handshake_failed;
  std::function<void(std::string_view message)> say;
};

// Holds every connection that no worker has: in its handshake, before or in the middle of a header,
// while its answer is on its way, and after it. All of that in one thread and without waiting for
// any single one, so a client that is slow at any of it costs a descriptor, some memory and nothing
// else. run() belongs to that thread; wake(), arm() and stop() may be called from any.
class Reception {
 public:
  Reception(Desk desk, Workers& workers);

  void listen(UniqueFd listener);
  const UniqueFd& listener() const { return listener_; }
  // Until stop(). `owner` is what the workers' threads have to hold alive.
  void run(const std::shared_ptr<void>& owner);
  void wake();
  // Lets the kernel tell of a connection that waits for its next request; its idle time is kept to
  // within kLongestSleep. Called by whoever gives it back; when false, wake() has to follow.
  bool arm(Connection& connection) { return poller_.arm(connection); }
  static constexpr auto kLongestSleep = std::chrono::seconds(60);
  // Grows with each turn of the loop: whoever wakes it and sees it grow knows that it is alive.
  std::uint64_t turns() const { return turns_; }
  // Takes nothing new, and ends when all answers are sent, or after `drain`.
  void stop(Duration drain);

 private:
  using Place = std::list<Connection>::iterator;

  bool is_over();
  void sleep();
  void note_ready();
  void take_rules();
  void take_back();
  void look_at_waiting();
  void go_on(Place connection);
  void shake_hands(Place connection);
  void read_from(Place connection);
  void send_to(Place connection);
  void answered(Place connection);
  void await_header(Place connection);
  void out_of_patience(Place connection);
  void refuse(Place connection, std::string_view reason, std::string_view answer);
  void linger_on(Place connection);
  void drop(Place connection, std::string_view reason);
  bool drop_oldest();
  void bound_unsent();
  void accept_all();
  void welcome(UniqueFd fd, const IpAddress& client);

  const Desk desk_;
  Workers& workers_;
  UniqueFd listener_, wake_;
  Poller poller_;
  std::shared_ptr<void> owner_;
  Rules rules_;
  std::atomic<std::uint64_t> turns_ = 0;
  std::list<Connection> waiting_;
  bool callers_ = false;  // somebody waits to be let in

  mutable std::mutex mutex_;
  bool stopping_ = false;  // guarded by mutex_
  MonoTime stop_at_{};     // likewise
  bool draining_ = false;  // the reception's own knowledge of it
};

}  // namespace basewatch::serve
