#include "agent/serve/passwords.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <vector>

#include "agent/base/fake_clock.h"

using namespace std::chrono_literals;

namespace basewatch::serve {
namespace {

// "test", at the least cost.
constexpr auto kBcrypt = "$2y$04$zWbUwGZf1vdLauSnfov1x.Uvf4a.LdZj6ROiL6kasLe3bK9SrJIUS";

IpAddress client(int last = 1) {
  return *parse_ip("10.0.0." + std::to_string(last));
}

// Counts comparisons, each of which takes `cost` of its clock.
struct World {
  FakeClock clock;
  std::atomic<int> compared = 0;
  Duration cost{};
  Passwords passwords{clock, [this](const std::string& password, const std::string& hash) {
                        ++compared;
                        clock.advance(cost);
                        return "hash of " + password == hash;
                      }};

  Password check(const std::string& user, const std::string& password, const std::string& hash,
                 int from = 1) {
    return passwords.check(user, password, hash, "hash of decoy", client(from));
  }
};

}  // namespace

TEST_CASE("bcrypt, by libcrypt") {
  CHECK(matches_bcrypt("test", kBcrypt));
  CHECK(!matches_bcrypt("Test", kBcrypt));
  CHECK(!matches_bcrypt("", kBcrypt));
  CHECK(!matches_bcrypt(std::string("test\0", 5), kBcrypt));
  CHECK(!matches_bcrypt("test", "no hash"));
}

TEST_CASE("what was found out is remembered, right and wrong") {
  World world;
  for (int i = 0; i < 3; ++i) {
    CHECK(world.check("a", "secret", "hash of secret") == Password::right);
    CHECK(world.check("a", "guess", "hash of secret") == Password::wrong);
    CHECK(world.check("nobody", "guess", "") == Password::wrong);
    CHECK(world.compared == 3);
  }
  // Another hash, another user, another password: nothing of it was found out before.
  CHECK(world.check("a", "secret", "hash of other") == Password::wrong);
  CHECK(world.check("b", "secret", "hash of secret") == Password::right);
  CHECK(world.check("a", "guess", "hash of guess") == Password::right);
  CHECK(world.compared == 6);
}

TEST_CASE("a user that does not exist costs a comparison, and never gets in") {
  World world;
  CHECK(world.check("nobody", "decoy", "") == Password::wrong);
  CHECK(world.check("nobody", "decoy", "") == Password::wrong);
  CHECK(world.compared == 1);
}

TEST_CASE("guesses do not push out what is right") {
  World world;
  CHECK(world.check("a", "secret", "hash of secret") == Password::right);
  for (int i = 0; i < 1000; ++i) world.check("a", "guess" + std::to_string(i), "hash of secret");
  CHECK(world.compared == 1001);
  CHECK(world.check("a", "secret", "hash of secret") == Password::right);
  CHECK(world.check("a", "guess999", "hash of secret") == Password::wrong);
  CHECK(world.compared == 1001);
  world.check("a", "guess0", "hash of secret");  // forgotten
  CHECK(world.compared == 1002);
}

TEST_CASE("after a wrong password the next comparison waits for three times its cost") {
  World world;
  world.cost = 50ms;
  CHECK(world.check("a", "one", "hash of secret") == Password::wrong);
  auto second =
      std::async(std::launch::async, [&] { return world.check("a", "two", "hash of secret"); });
  world.clock.await_waiters(1);
  CHECK(world.compared == 1);
  world.clock.advance(149ms);
  world.clock.await_waiters(1);
  CHECK(world.compared == 1);
  world.clock.advance(1ms);
  CHECK(second.get() == Password::wrong);
  CHECK(world.compared == 2);
  CHECK(world.check("a", "one", "hash of secret") == Password::wrong);  // known: no wait
}

TEST_CASE("one comparison at a time; who finds too many waiting is sent away") {
  FakeClock clock;
  std::promise<void> inside, go;
  std::atomic<int> compared = 0;
  Passwords passwords(clock, [&](const std::string&, const std::string&) {
    if (++compared == 1) {
      inside.set_value();
      go.get_future().wait();
    }
    return true;
  });
  std::vector<std::future<Password>> waiting;
  const auto ask = [&](int from, const std::string& password) {
    return passwords.check("a", password, "hash", "decoy", client(from));
  };
  const auto ask_aside = [&](int from, const std::string& password) {
    waiting.push_back(
        std::async(std::launch::async, [&ask, from, password] { return ask(from, password); }));
  };
  ask_aside(1, "p1");
  inside.get_future().wait();
  ask_aside(1, "p2");
  clock.await_waiters(1);
  CHECK(ask(1, "p3") == Password::busy);  // two of one address
  for (int i = 2; i <= 7; ++i) ask_aside(i, "p" + std::to_string(i) + "x");
  clock.await_waiters(7);
  CHECK(ask(9, "p9") == Password::busy);  // eight in all
  ask_aside(9, "p1");                     // but the outcome of the first may be shared
  clock.await_waiters(8);
  CHECK(compared == 1);
  go.set_value();
  for (auto& one : waiting) CHECK(one.get() == Password::right);
  CHECK(compared == 8);
  CHECK(ask(9, "p9") == Password::right);
}

TEST_CASE("nobody waits for longer than five seconds") {
  FakeClock clock;
  std::promise<void> inside, go;
  Passwords passwords(clock, [&](const std::string&, const std::string&) {
    inside.set_value();
    go.get_future().wait();
    return true;
  });
  const auto ask = [&](const std::string& password) {
    return passwords.check("a", password, "hash", "decoy", client());
  };
  auto first = std::async(std::launch::async, [&] { return ask("one"); });
  inside.get_future().wait();
  auto same = std::async(std::launch::async, [&] { return ask("one"); });
  auto other = std::async(std::launch::async, [&] { return ask("two"); });
  clock.await_waiters(2);
  clock.advance(5s);
  CHECK(same.get() == Password::busy);
  CHECK(other.get() == Password::busy);
  go.set_value();
  CHECK(first.get() == Password::right);
}

}  // namespace basewatch::serve
