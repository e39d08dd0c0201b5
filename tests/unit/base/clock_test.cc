#include <doctest/doctest.h>

#include <thread>

#include "agent/base/fake_clock.h"
#include "agent/base/log.h"

using namespace std::chrono_literals;

namespace basewatch {

TEST_CASE("a deadline counts down and stops at zero") {
  FakeClock clock;
  const auto deadline = Deadline::in(clock, 3s);
  clock.advance(1s);
  CHECK(deadline.remaining() == 2s);
  CHECK(!deadline.passed());
  clock.advance(5s);
  CHECK(deadline.remaining() == 0s);
  CHECK(deadline.passed());
}

TEST_CASE("the fake clock wakes those who wait for the time") {
  FakeClock clock;
  std::mutex mutex;
  std::condition_variable condition;
  const auto until = clock.now() + 1h;
  std::thread waiter([&] {
    std::unique_lock lock(mutex);
    while (clock.now() < until) clock.wait_until(condition, lock, until);
  });
  clock.await_waiters(1);
  clock.advance(1h);
  waiter.join();
  CHECK(clock.now() == until);
}

TEST_CASE("the log is one logfmt line a change, and repeats are folded") {
  FakeClock clock(WallTime(0s));
  std::string out;
  Log log(clock, LogLevel::info,
          [](void* context, std::string_view line) { *static_cast<std::string*>(context) += line; },
          &out);
  for (int i = 0; i < 5; ++i) log.warning("node/main", "cannot read \"{}\"", "a\nb");
  log.info("node/main", "well again");
  log.write(LogLevel::debug, "node/main", "unheard");
  CHECK(out ==
        "time=1970-01-01T00:00:00Z level=warning topic=\"node/main\" "
        "msg=\"cannot read \\\"a\\\\x0ab\\\"\"\n"
        "time=1970-01-01T00:00:00Z level=warning topic=\"node/main\" "
        "msg=\"cannot read \\\"a\\\\x0ab\\\" (repeated 4 times)\"\n"
        "time=1970-01-01T00:00:00Z level=info topic=\"node/main\" msg=\"well again\"\n");
}

}  // namespace basewatch
