#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace basewatch {

using Duration = std::chrono::nanoseconds;
using MonoTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Time as the agent sees it. Everything that measures, schedules or waits takes a Clock, so that a
// test can hand in a FakeClock and let an hour pass in no time. Callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  virtual WallTime wall_now() const = 0;

  // Waits on `condition` until it is notified or `until` has passed; may wake spuriously, so call it
  // in a loop. `lock` is held on entry and on return.
  virtual void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                          MonoTime until) = 0;

  // The real clock; lives as long as the process.
  static Clock& system();
};

// The moment by which a run has to be over. Absolute, so that it can be handed down through any
// number of calls without anyone adding it up anew. `clock` outlives every copy.
class Deadline {
 public:
  Deadline(Clock& clock, MonoTime at) : clock_(&clock), at_(at) {}
  static Deadline in(Clock& clock, Duration span) { return {clock, clock.now() + span}; }

  MonoTime at() const { return at_; }
  bool passed() const { return clock_->now() >= at_; }
  // What is left; zero once it has passed, never negative.
  Duration remaining() const {
    const auto left = at_ - clock_->now();
    return left > Duration::zero() ? std::chrono::duration_cast<Duration>(left) : Duration::zero();
  }
  Deadline earlier_by(Duration span) const {
    return {*clock_, at_ - std::chrono::duration_cast<MonoTime::duration>(span)};
  }

 private:
  Clock* clock_;
  MonoTime at_;
};

constexpr double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }
inline double unix_seconds(WallTime t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

}  // namespace basewatch
