#include "agent/serve/workers.h"

#include <system_error>

#include "agent/base/thread.h"

namespace basewatch::serve {
namespace {

constexpr auto kIdle = std::chrono::seconds(30);

}  // namespace

void Workers::hand_over(std::list<Connection>& from, std::list<Connection>::iterator connection,
                        std::size_t limit, const std::shared_ptr<void>& owner) {
  std::unique_lock lock(mutex_);
  queue_.splice(queue_.end(), from, connection);
  if (idle_ >= queue_.size() || threads_ >= limit) {
    lock.unlock();  // or whoever is woken would have to wait for it at once
    work_.notify_one();
    return;
  }
  try {
    start_thread("http-worker", [this, owner] { work(); }).detach();
    ++threads_;
  } catch (const std::system_error&) {
    if (threads_ == 0) queue_.clear();  // nobody would ever answer
  }
}

std::list<Connection> Workers::take_back() {
  std::lock_guard guard(mutex_);
  return std::exchange(returned_, {});
}

std::size_t Workers::connections() const {
  std::lock_guard guard(mutex_);
  return busy_ + queue_.size() + returned_.size();
}

std::size_t Workers::threads() const {
  std::lock_guard guard(mutex_);
  return threads_;
}

void Workers::stop() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;  // requests that are in whole by now are still answered
  }
  work_.notify_all();
}

bool Workers::wait_for_end(Duration time) {
  std::unique_lock guard(mutex_);
  return gone_.wait_for(guard, time, [&] { return threads_ == 0; });
}

void Workers::work() {
  std::unique_lock guard(mutex_);
  while (true) {
    ++idle_;
    const bool woken = work_.wait_for(guard, kIdle, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty() && (stopping_ || !woken)) break;
    if (queue_.empty()) continue;
    std::list<Connection> mine;
    mine.splice(mine.end(), queue_, queue_.begin());
    ++busy_;
    guard.unlock();
    bool done = answer_(mine.front());
    guard.lock();
    --busy_;
    returned_.splice(returned_.end(), mine);
    if (done) done = arm_(returned_.back());  // locked: the reception finds it when it is told of it
    if (done) continue;
    guard.unlock();
    wake_();
    guard.lock();
  }
  --threads_;
  gone_.notify_all();
  wake_();
}

}  // namespace basewatch::serve
