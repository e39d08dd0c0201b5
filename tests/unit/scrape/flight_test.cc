#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {

TEST_CASE("lanes run in parallel, more of them than threads are kept") {
  World world;
  Count arrived;
  const auto meets = [&](Page&, const Deadline&) {
    arrived.add();
    arrived.await(7);
    return done();
  };
  world.engine.apply({plan({collector("a", meets), collector("b", meets), collector("c", meets),
                            collector("d", meets), collector("e", meets)}),
                      plan({collector("f", meets, "x"), collector("g", meets, "y")}, "other")});
  for (const auto& result : world.scrape(8s, "")) {
    for (const auto& each : result.collectors) CHECK(each.state == RunState::done);
  }
}

TEST_CASE("collectors of one lane run one after the other in catalog order") {
  World world;
  std::string order;
  std::atomic<int> inside = 0;
  const auto notes = [&](char name) {
    return [&, name](Page&, const Deadline&) {
      CHECK(++inside == 1);
      order += name;
      std::this_thread::yield();
      --inside;
      return done();
    };
  };
  world.engine.apply(
      {plan({collector("a", notes('a'), "one"), collector("b", notes('b'), "one"),
             collector("c", notes('c'), "one"), collector("d", notes('d'), "one")})});
  for (int i = 0; i < 20; ++i) {
    order.clear();
    world.scrape_one();
    REQUIRE(order == "abcd");
    world.clock.advance(1s);
  }
}

TEST_CASE("a second scrape joins the run of the first") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("slow", blocks(entered, release))})});
  auto first = world.scrape_later();
  entered.await(1);
  auto second = world.scrape_later();
  world.clock.await_waiters(2);
  release.happen();
  const auto one = first.get(), two = second.get();
  CHECK(entered.value() == 1);
  REQUIRE(one.pages.size() == 1);
  CHECK(one.pages == two.pages);
  CHECK(two.collectors[0].state == RunState::done);
}

TEST_CASE("who joins with less time leaves earlier, and the run goes on") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("slow", blocks(entered, release))})});
  auto patient = world.scrape_later(8s);
  entered.await(1);
  auto hasty = world.scrape_later(1s);
  world.clock.await_waiters(2);
  world.clock.advance(1s);
  const auto early = hasty.get();
  CHECK(early.collectors[0].state == RunState::failed);
  CHECK(early.collectors[0].reason ==
        "not finished in time for this scrape: running since 22:13:20 UTC");
  CHECK(early.pages.empty());
  release.happen();
  CHECK(patient.get().collectors[0].state == RunState::done);
  CHECK(entered.value() == 1);
  CHECK(world.log_text() == "");  // nothing is wrong with the collector
}

TEST_CASE("a run keeps the deadline it began with, whoever joins") {
  World world;
  Count entered;
  Event release;
  Duration given{};
  world.engine.apply(
      {plan({collector("slow", [&, entered, release](Page&, const Deadline& deadline) mutable {
        given = deadline.remaining();
        entered.add();
        release.await();
        return done();
      })})});
  auto first = world.scrape_later(2s);
  entered.await(1);
  auto second = world.scrape_later(8s);
  world.clock.await_waiters(2);
  world.clock.advance(2s);
  CHECK(first.get().collectors[0].state == RunState::stuck);
  CHECK(second.get().collectors[0].state == RunState::stuck);  // at once, 6 s before its own time
  CHECK(given == 2s);
  release.happen();
}

TEST_CASE("a queued run may get more time from a later scrape") {
  World world;
  Count entered;
  Event release;
  Duration given{};
  world.engine.apply({plan(
      {collector("a", blocks(entered, release), "line"), collector(
                                                             "b",
                                                             [&](Page&, const Deadline& deadline) {
                                                               given = deadline.remaining();
                                                               return done();
                                                             },
                                                             "line")})});
  auto first = world.scrape_later(1s);
  entered.await(1);
  auto second = world.scrape_later(5s);
  world.clock.await_waiters(2);
  world.clock.advance(1s);
  const auto early = first.get();
  CHECK(early.collectors[0].state == RunState::stuck);
  CHECK(early.collectors[1].state == RunState::failed);
  CHECK(early.collectors[1].reason ==
        "not started: the collector a holds the lane line since 22:13:20 UTC");
  world.clock.await_waiters(1);
  world.clock.advance(1s);
  release.happen();
  const auto late = second.get();
  CHECK(late.collectors[0].state == RunState::stuck);
  CHECK(late.collectors[1].state == RunState::done);
  CHECK(given == 3s);
}

TEST_CASE("queued runs whose deadline has passed are dropped unrun") {
  World world;
  Count entered, ran;
  Event release;
  world.engine.apply({plan(
      {collector("a", blocks(entered, release), "line"), collector(
                                                             "b",
                                                             [ran](Page&, const Deadline&) mutable {
                                                               ran.add();
                                                               return done();
                                                             },
                                                             "line")})});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  const auto result = scrape.get();
  CHECK(result.collectors[1].state == RunState::failed);
  // While the lane is blocked, scrapes do not wait for it either.
  const auto again = world.scrape_one();
  CHECK(again.collectors[0].state == RunState::stuck);
  CHECK(again.collectors[1].state == RunState::failed);
  CHECK(again.collectors[1].reason ==
        "not started: the collector a holds the lane line since 22:13:20 UTC");
  CHECK(ran.value() == 0);
  release.happen();
}

TEST_CASE("a good result serves again for a second, a failure never") {
  World world;
  int good = 0, bad = 0, missing = 0;
  world.engine.apply({plan({collector("good",
                                      [&](Page&, const Deadline&) {
                                        ++good;
                                        return done();
                                      }),
                            collector("bad",
                                      [&](Page&, const Deadline&) -> Outcome {
                                        ++bad;
                                        throw std::runtime_error("no");
                                      }),
                            collector("missing", [&](Page&, const Deadline&) {
                              ++missing;
                              return absent("no such hardware");
                            })})});
  world.scrape_one();
  world.clock.advance(999ms);
  const auto reused = world.scrape_one();
  CHECK(reused.collectors[0].age == 999ms);
  CHECK(good == 1);
  CHECK(missing == 1);
  CHECK(bad == 2);
  world.clock.advance(1ms);
  world.scrape_one();
  CHECK(good == 2);
  CHECK(missing == 2);
  CHECK(bad == 3);
}

TEST_CASE("a run that outlives its deadline is reported, not repeated, and dropped when it ends") {
  World world;
  Count entered, next_in_lane;
  Event release;
  world.engine.apply(
      {plan({collector("slow", blocks(entered, release)), collector("quick", yields(), "other"),
             collector("next", blocks(next_in_lane, release), "other")})});
  auto first = world.scrape_later();
  entered.await(1);
  next_in_lane.await(1);  // so quick has ended
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  const auto result = first.get();
  CHECK(result.collectors[0].state == RunState::stuck);
  CHECK(result.collectors[0].reason == "still running since 22:13:20 UTC");
  CHECK(result.collectors[0].duration == 8s);
  CHECK(result.collectors[1].state == RunState::done);
  CHECK(result.pages.size() == 1);

  world.clock.advance(7s);
  CHECK(world.scrape_one().collectors[0].duration == 15s);  // returns although time stands still
  CHECK(entered.value() == 1);

  release.happen();
  auto next = world.scrape_one();
  while (next.collectors[0].state == RunState::stuck) {  // until the engine has seen the end
    std::this_thread::yield();
    next = world.scrape_one();
  }
  CHECK(next.collectors[0].state == RunState::done);
  CHECK(entered.value() == 2);
  const auto log = world.log_text();
  CHECK(occurrences(log, "collector slow fails: still running since 22:13:20 UTC") == 1);
  CHECK(occurrences(log, "collector slow works again") == 1);
}

TEST_CASE("a run that ends after its deadline unseen has failed all the same") {
  World world;
  world.engine.apply({plan({collector("late", [&](Page& page, const Deadline&) {
    add_series(page, "test_value", 1);
    world.clock.advance(9s);
    return done();
  })})});
  const auto result = world.scrape_one();
  CHECK(result.collectors[0].state != RunState::done);
  CHECK(result.pages.empty());
}

TEST_CASE("without time nothing is begun, and the collector is not blamed") {
  World world;
  Count entered;
  world.engine.apply({plan({collector("a", [entered](Page&, const Deadline&) mutable {
    entered.add();
    return done();
  })})});
  const auto result = world.scrape_one(0s);
  CHECK(result.collectors[0].state == RunState::failed);
  CHECK(result.collectors[0].reason == "there was no time to run it");
  CHECK(entered.value() == 0);
  CHECK(world.log_text() == "");
}

TEST_CASE("the timeout of an instance lowers the deadline of its runs") {
  World world;
  Duration given{};
  auto limited = plan({collector("a", [&](Page&, const Deadline& deadline) {
    given = deadline.remaining();
    return done();
  })});
  limited.timeout = 3s;
  world.engine.apply({limited});
  world.scrape_one(8s);
  CHECK(given == 3s);
  world.clock.advance(1s);
  world.scrape_one(2s);
  CHECK(given == 2s);
}

TEST_CASE("whatever a run throws, it has failed with a reason and its page is dropped") {
  World world;
  world.engine.apply({plan(
      {collector("int",
                 [](Page& page, const Deadline&) -> Outcome {
                   add_series(page, "test_value", 1);
                   throw 42;
                 }),
       collector("empty", [](Page&, const Deadline&) -> Outcome { throw std::runtime_error(""); }),
       collector("lines",
                 [](Page&, const Deadline&) -> Outcome { throw std::runtime_error("two\nlines"); }),
       collector("null",
                 [](Page&, const Deadline&) -> Outcome { return std::function<Outcome()>()(); }),
       collector("good", yields())})});
  const auto result = world.scrape_one();
  CHECK(result.collectors[0].reason == "threw something that is no std::exception");
  CHECK(result.collectors[1].reason == "failed without saying why");
  CHECK(result.collectors[2].reason == "two\\x0alines");
  CHECK(result.collectors[3].reason == "bad_function_call");
  for (int i = 0; i < 4; ++i) CHECK(result.collectors[i].state == RunState::failed);
  CHECK(result.collectors[4].state == RunState::done);
  CHECK(result.pages.size() == 1);
}

TEST_CASE("the log has one line when a collector begins to fail and one when it works again") {
  World world;
  std::string failure;
  world.engine.apply({plan({collector("a", [&](Page&, const Deadline&) -> Outcome {
    if (failure == "absent") return absent("none here");
    if (!failure.empty()) throw std::runtime_error(failure);
    return done();
  })})});
  for (const auto* state : {"", "", "no route 1", "no route 2", "", "absent", "", "again"}) {
    failure = state;
    world.scrape_one();
    world.clock.advance(10s);
  }
  CHECK(occurrences(world.log_text(), "topic=\"test/main\"") == 3);
  CHECK(occurrences(world.log_text(), "collector a fails: no route 1") == 1);
  CHECK(occurrences(world.log_text(), "collector a works again") == 1);
  CHECK(occurrences(world.log_text(), "collector a fails: again") == 1);
}

TEST_CASE("an instance that fails as a whole has one line, not one for each collector") {
  World world;
  bool gone = false, wrong = false;
  const auto run = [&](Page&, const Deadline&) -> Outcome {
    if (gone) throw InstanceFailure("no route");
    return done();
  };
  world.engine.apply({plan({collector("a", run), collector("b", run),
                            collector("c", [&](Page& page, const Deadline& deadline) {
                              if (wrong) throw std::runtime_error("bad column");
                              return run(page, deadline);
                            })})});
  const auto scrape = [&](bool now_gone, bool now_wrong) {
    gone = now_gone;
    wrong = now_wrong;
    world.scrape_one();
    world.clock.advance(10s);
  };
  scrape(true, false);
  scrape(true, false);
  CHECK(occurrences(world.log_text(), "topic=\"test/main\"") == 1);
  CHECK(occurrences(world.log_text(), "fails: no route") == 1);
  scrape(false, true);  // works again, but one collector is wrong by itself
  CHECK(occurrences(world.log_text(), "msg=\"works again\"") == 1);
  CHECK(occurrences(world.log_text(), "collector c fails: bad column") == 1);
  scrape(false, false);
  CHECK(occurrences(world.log_text(), "collector c works again") == 1);
  CHECK(occurrences(world.log_text(), "topic=\"test/main\"") == 4);
}

}  // namespace basewatch::scrape
