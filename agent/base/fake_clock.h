#pragma once

#include <set>

#include "agent/base/clock.h"

namespace basewatch {

// A clock that stands still until a test moves it. Waiters sleep on their own condition variable and
// are woken by advance(), so "an hour later" costs nothing and nothing ever polls.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000)))
      : wall_(start), mono_(MonoTime(std::chrono::hours(1))) {}

  MonoTime now() const override {
    std::lock_guard guard(mutex_);
    return mono_;
  }
  WallTime wall_now() const override {
    std::lock_guard guard(mutex_);
    return wall_;
  }

  void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                  MonoTime until) override {
    {
      std::lock_guard guard(mutex_);
      if (mono_ >= until) return;
      waiters_.insert({&condition, lock.mutex()});
      arrived_.notify_all();
    }
    condition.wait(lock);
    std::lock_guard guard(mutex_);
    waiters_.erase(waiters_.find({&condition, lock.mutex()}));
  }

  void advance(Duration span) {
    std::multiset<Waiter> waiters;
    {
      std::lock_guard guard(mutex_);
      mono_ += std::chrono::duration_cast<MonoTime::duration>(span);
      wall_ += std::chrono::duration_cast<WallTime::duration>(span);
      waiters = waiters_;
    }
    // Taking the waiter's mutex closes the gap between its look at the clock and its wait.
    for (const auto& [condition, mutex] : waiters) {
      std::lock_guard guard(*mutex);
      condition->notify_all();
    }
  }

  // Blocks until at least `count` threads wait on this clock: how a test knows that the code under
  // test has come to rest before it moves the time.
  void await_waiters(std::size_t count) {
    std::unique_lock guard(mutex_);
    arrived_.wait(guard, [&] { return waiters_.size() >= count; });
  }

 private:
  using Waiter = std::pair<std::condition_variable*, std::mutex*>;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::multiset<Waiter> waiters_;
  WallTime wall_;
  MonoTime mono_;
};

}  // namespace basewatch
