#include "agent/base/clock.h"

namespace basewatch {
namespace {

class SystemClock final : public Clock {
 public:
  MonoTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
  void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                  MonoTime until) override {
    if (until == MonoTime::max()) {
      condition.wait(lock);  // wait_until(max) overflows in libstdc++
    } else {
      condition.wait_until(lock, until);
    }
  }
};

}  // namespace

Clock& Clock::system() {
  static SystemClock clock;
  return clock;
}

}  // namespace basewatch
