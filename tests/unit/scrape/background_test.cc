#include <doctest/doctest.h>

#include <thread>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

// A background collector whose runs a test can follow: it counts them, fails on demand, and blocks
// until released once it is told to.
struct Watched {
  Count runs;
  std::shared_ptr<std::atomic<bool>> fail = std::make_shared<std::atomic<bool>>(false);
  Collector collector(std::string_view name = "slow", Duration period = 60s) {
    return scrape::collector(
        name,
        [runs = runs, fail = fail](Page& page, const Deadline&) mutable {
          const int run = runs.add();
          if (*fail) throw std::runtime_error("run " + std::to_string(run));
          add_series(page, "test_value", run);
          return done();
        },
        {}, every(period));
  }
};

// Scrapes until the engine has taken in what a background run brought; it ends on another thread.
template <typename Condition>
InstanceResult scrape_until(World& world, Condition condition) {
  while (true) {
    auto result = world.scrape_one();
    if (condition(result)) return result;
    std::this_thread::yield();
  }
}

bool is_done(const InstanceResult& result) {
  return result.collectors[0].state == RunState::done;
}

}  // namespace

TEST_CASE("a background collector runs at the start and every so often, and never on a scrape") {
  World world;
  Watched watched;
  world.engine.apply({plan({watched.collector()})});
  watched.runs.await(1);
  scrape_until(world, is_done);
  world.clock.advance(59s);
  const auto result = world.scrape_one();
  CHECK(watched.runs.value() == 1);
  CHECK(result.collectors[0].age == 59s);
  CHECK(result.collectors[0].series == 1);
  CHECK(result.pages.size() == 1);
  world.clock.await_waiters(1);
  world.clock.advance(1s);
  watched.runs.await(2);
  const auto second =
      scrape_until(world, [](const auto& each) { return each.collectors[0].series == 2; });
  CHECK(second.collectors[0].age == 0s);
}

TEST_CASE("before its first result a background collector is pending, and nobody waits for it") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("slow", blocks(entered, release), {}, every(60s))})});
  entered.await(1);
  const auto result = world.scrape_one();  // returns although time stands still
  CHECK(result.collectors[0].state == RunState::pending);
  CHECK(result.collectors[0].reason == "runs for the first time");
  CHECK(result.pages.empty());
  release.happen();
  scrape_until(world, is_done);
}

TEST_CASE("a background result is served through failures for three intervals, then withdrawn") {
  World world;
  Watched watched;
  world.engine.apply({plan({watched.collector()})});
  scrape_until(world, is_done);
  *watched.fail = true;
  for (int run = 2; run <= 4; ++run) {
    world.clock.await_waiters(1);
    world.clock.advance(60s);
    watched.runs.await(run);
    const auto reason = "run " + std::to_string(run);
    const auto result =
        scrape_until(world, [&](const auto& each) { return each.collectors[0].reason == reason; });
    CHECK(result.collectors[0].state == RunState::failed);
    CHECK(result.pages.size() == 1);
    CHECK(result.collectors[0].age == (run - 1) * 60s);
  }
  world.clock.advance(1s);
  const auto withdrawn = world.scrape_one();
  CHECK(withdrawn.pages.empty());
  CHECK(withdrawn.collectors[0].state == RunState::failed);
  CHECK(withdrawn.collectors[0].series == 0);
  CHECK(occurrences(world.log_text(), "collector slow fails: run 2") == 1);
  CHECK(occurrences(world.log_text(), "\n") == 1);
}

TEST_CASE(
    "a background run that hangs is stuck after its interval or 30 s, and its old result goes") {
  World world;
  Count runs;
  Event release;
  world.engine.apply({plan({collector(
      "slow",
      [runs, release](Page& page, const Deadline&) mutable {
        if (runs.add() == 2) release.await();
        add_series(page, "test_value", 1);
        return done();
      },
      {}, every(60s))})});
  scrape_until(world, is_done);
  world.clock.await_waiters(1);
  world.clock.advance(60s);
  runs.await(2);
  world.clock.await_waiters(1);
  world.clock.advance(29s);
  CHECK(world.scrape_one().collectors[0].state == RunState::done);
  world.clock.await_waiters(1);
  world.clock.advance(1s);
  auto result = scrape_until(
      world, [](const auto& each) { return each.collectors[0].state == RunState::stuck; });
  CHECK(result.collectors[0].reason == "still running since 22:14:20 UTC");
  CHECK(result.collectors[0].age == 90s);
  CHECK(result.pages.size() == 1);
  world.clock.advance(91s);
  world.clock.await_waiters(1);  // the timer has passed over the round that is due
  result = world.scrape_one();
  CHECK(result.collectors[0].state == RunState::stuck);
  CHECK(result.pages.empty());
  CHECK(runs.value() == 2);
  release.happen();
  result = scrape_until(
      world, [](const auto& each) { return each.collectors[0].state == RunState::failed; });
  CHECK(result.collectors[0].reason == "took 2m1s, longer than the 30s it had");
  CHECK(result.pages.empty());
  world.clock.await_waiters(1);
  world.clock.advance(60s);
  scrape_until(world, is_done);
}

TEST_CASE("the deadline of a background run is its interval, 30 s, or the timeout") {
  struct Case {
    Duration every, timeout, expected;
  };
  for (const auto& each : {Case{10s, 0s, 10s}, Case{60s, 0s, 30s}, Case{60s, 5s, 5s},
                           Case{300s, 120s, 120s}, Case{10s, 120s, 10s}}) {
    World world;
    Duration given{};
    auto one = plan({collector(
        "slow",
        [&](Page&, const Deadline& deadline) {
          given = deadline.remaining();
          return done();
        },
        {}, every(each.every))});
    one.timeout = each.timeout;
    world.engine.apply({one});
    scrape_until(world, is_done);
    CHECK(given == each.expected);
  }
}

TEST_CASE("once runs background collectors in place, or joins their first run") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("slow", blocks(entered, release), {}, every(60s))})});
  entered.await(1);
  auto once = std::async(std::launch::async, [&] { return world.scrape_in_place(); });
  world.clock.await_waiters(2);  // the timer, and the scrape
  release.happen();
  CHECK(once.get().at(0).collectors[0].state == RunState::done);
  CHECK(entered.value() == 1);
  world.clock.advance(2s);
  CHECK(world.scrape_in_place().at(0).pages.size() == 1);
  CHECK(entered.value() == 2);
}

TEST_CASE("an interval of the configuration moves a collector to the background") {
  World world;
  Watched watched;
  auto moved = plan({collector("a", [runs = watched.runs](Page&, const Deadline&) mutable {
    runs.add();
    return done();
  })});
  moved.intervals["a"] = 30s;
  world.engine.apply({moved});
  scrape_until(world, is_done);
  world.clock.advance(10s);
  world.scrape_one();
  CHECK(watched.runs.value() == 1);
}

TEST_CASE("in a lane, what scrapes wait for goes before the background") {
  World world;
  Count entered;
  Event release;
  std::string order;
  const auto notes = [&](char name) {
    return [&, name](Page&, const Deadline&) {
      order += name;
      return done();
    };
  };
  auto first = collector("first", blocks(entered, release), "line", every(1000s));
  world.engine.apply({plan({first, collector("second", notes('b'), "line", every(1000s)),
                            collector("third", notes('c'), "line")})});
  entered.await(1);
  auto scrape = world.scrape_later();
  world.clock.await_waiters(2);
  release.happen();
  CHECK(scrape.get().collectors[2].state == RunState::done);
  scrape_until(world, [](const auto& each) { return each.collectors[1].state == RunState::done; });
  CHECK(order.substr(0, 2) == "cb");
}

TEST_CASE("an absent background collector has no page and no line in the log") {
  World world;
  Count runs;
  world.engine.apply({plan({collector(
      "gone",
      [runs](Page& page, const Deadline&) mutable {
        add_series(page, "test_value", 1);
        return runs.add() == 1 ? done() : absent("the extension was dropped");
      },
      {}, every(60s))})});
  scrape_until(world, is_done);
  world.clock.await_waiters(1);
  world.clock.advance(60s);
  const auto result = scrape_until(
      world, [](const auto& each) { return each.collectors[0].state == RunState::absent; });
  CHECK(result.collectors[0].reason == "the extension was dropped");
  CHECK(result.pages.empty());
  CHECK(world.log_text() == "");
}

}  // namespace basewatch::scrape
