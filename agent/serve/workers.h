#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "agent/serve/connection.h"

namespace basewatch::serve {

// The threads that answer requests: made when needed, gone when idle. They take connections from
// the reception and give them back. Any thread; each worker holds its owner alive, because one that
// hangs in a handler outlives the server.
class Workers {
 public:
  // `answer` answers a connection with a whole header; true when that is all until it asks again.
  // `arm` lets the kernel tell of that, false when it cannot; `wake` tells the reception that there
  // is something to take back.
  Workers(std::function<bool(Connection&)> answer, std::function<bool(Connection&)> arm,
          std::function<void()> wake)
      : answer_(std::move(answer)), arm_(std::move(arm)), wake_(std::move(wake)) {}

  void hand_over(std::list<Connection>& from, std::list<Connection>::iterator connection,
                 std::size_t limit, const std::shared_ptr<void>& owner);
  std::list<Connection> take_back();

  // Those that wait here, are at work or wait to be taken back.
  std::size_t connections() const;
  std::size_t threads() const;
  // All threads end, once their requests are answered; false when they do not within `time`.
  void stop();
  bool wait_for_end(Duration time);

 private:
  void work();

  const std::function<bool(Connection&)> answer_, arm_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable work_, gone_;
  std::list<Connection> queue_, returned_;
  std::size_t threads_ = 0, idle_ = 0, busy_ = 0;
  bool stopping_ = false;
};

}  // namespace basewatch::serve
