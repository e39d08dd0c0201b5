#pragma once

#include <set>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch {

// A clock that stands still until a test moves it. Waiters sleep on their own condition variable
// and are woken by advance(), so "an hour later" costs nothing and nothing ever polls.
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
    Waiter self{&condition, lock.mutex(), until};
    {
      std::lock_guard guard(mutex_);
      if (mono_ >= until) return;
      waiters_.insert(&self);
      arrived_.notify_all();
    }
    condition.wait(lock);
    // Woken by somebody else, we may be on the list of an advance() that goes on; our caller is
    // free to destroy condition and mutex, so it must have finished with them first, and needs the
    // mutex.
    lock.unlock();
    {
      std::unique_lock guard(mutex_);
      finished_.wait(guard, [&] { return advancing_ == 0; });
      waiters_.erase(&self);
    }
    lock.lock();
  }

  // Wakes those whose time has come; they no longer count as waiters when it returns.
  void advance(Duration span) {
    std::vector<Waiter*> due;
    {
      std::lock_guard guard(mutex_);
      mono_ += std::chrono::duration_cast<MonoTime::duration>(span);
      wall_ += std::chrono::duration_cast<WallTime::duration>(span);
      for (auto* waiter : waiters_) {
        if (waiter->until <= mono_) due.push_back(waiter);
      }
      for (auto* waiter : due) waiters_.erase(waiter);
      ++advancing_;
    }
    // Taking the waiter's mutex closes the gap between its look at the clock and its wait.
    for (auto* waiter : due) {
      std::lock_guard guard(*waiter->mutex);
      waiter->condition->notify_all();
    }
    std::lock_guard guard(mutex_);
    --advancing_;
    finished_.notify_all();
  }

  // Blocks until at least `count` threads wait on this clock: how a test knows that the code under
  // test has come to rest before it moves the time.
  void await_waiters(std::size_t count) {
    std::unique_lock guard(mutex_);
    arrived_.wait(guard, [&] { return waiters_.size() >= count; });
  }

 private:
  struct Waiter {
    std::condition_variable* condition;
    std::mutex* mutex;
    MonoTime until;
  };
  mutable std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::set<Waiter*> waiters_;
  int advancing_ = 0;  // calls of advance() under way
  WallTime wall_;
  MonoTime mono_;
};

}  // namespace basewatch
