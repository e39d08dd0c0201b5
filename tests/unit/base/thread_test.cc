#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "agent/base/fake_clock.h"
#include "agent/base/thread.h"

using namespace std::chrono_literals;

namespace basewatch {

TEST_CASE("a started thread has a name and takes no signals; its creator still does") {
  std::string name;
  bool blocked = false;
  start_thread("a name that is far too long", [&] {
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    name = text;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
  }).join();
  CHECK(name == "a name that is ");
  CHECK(blocked);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGTERM) == 0);
}

TEST_CASE("the fake clock wakes only those whose time has come") {
  FakeClock clock;
  const auto waits = [&clock](Duration span, MonoTime& woken) {
    return start_thread("waiter", [&clock, &woken, until = clock.now() + span] {
      std::mutex mutex;
      std::condition_variable condition;
      std::unique_lock lock(mutex);
      while (clock.now() < until) clock.wait_until(condition, lock, until);
      woken = clock.now();
    });
  };
  const auto begin = clock.now();
  MonoTime early, late;
  auto one = waits(1s, early), two = waits(1h, late);
  clock.await_waiters(2);
  clock.advance(1s);
  one.join();
  clock.await_waiters(1);
  clock.advance(1h);
  two.join();
  CHECK(early == begin + 1s);
  CHECK(late == begin + 1h + 1s);
}

// A waiter that somebody else wakes may leave, and take its condition with it, while the clock is
// about to touch that; the sanitizers see it if it does.
TEST_CASE("the fake clock survives waiters that leave while the time is moved") {
  FakeClock clock;
  std::mutex mutex;
  std::condition_variable* present = nullptr;  // guarded by mutex
  const auto waits = [&] {
    std::condition_variable condition;
    std::unique_lock lock(mutex);
    present = &condition;
    bool woken = false;
    const auto until = clock.now() + 1s;
    while (!woken && clock.now() < until) {
      clock.wait_until(condition, lock, until);
      woken = true;
    }
    present = nullptr;
  };
  const auto notifies = [&] {
    std::lock_guard guard(mutex);
    if (present) present->notify_all();
  };
  for (int i = 0; i < 200; ++i) {
    auto waiter = start_thread("waiter", waits);
    clock.await_waiters(1);
    auto notifier = start_thread("notifier", notifies);
    auto mover = start_thread("mover", [&] { clock.advance(1s); });
    for (auto* thread : {&waiter, &notifier, &mover}) thread->join();
  }
  CHECK(clock.now() == MonoTime(1h) + 200s);
}

}  // namespace basewatch
