#include "agent/scrape/history.h"

#include <doctest/doctest.h>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

const auto kStart = MonoTime(100h);

}  // namespace

TEST_CASE("an hour has sixty minutes, the last one is now, and older ones are forgotten") {
  History history;
  history.record(kStart, 5ms, false, 7);
  history.record(kStart + 59s, 9ms, true, std::nullopt);
  history.record(kStart + 1min, 1ms, false, 8);
  auto hour = history.last_hour(kStart + 1min);
  REQUIRE(hour.size() == 60);
  CHECK(hour[59].runs == 1);
  CHECK(hour[59].series == 8);
  CHECK(hour[58].runs == 2);
  CHECK(hour[58].failures == 1);
  CHECK(hour[58].longest == 9ms);
  CHECK(hour[58].series == 7);
  CHECK(hour[57].runs == 0);
  CHECK(!hour[57].series);
  CHECK(history.last_hour(kStart + 59min)[0].runs == 2);
  CHECK(history.last_hour(kStart + 60min)[0].runs == 1);
  for (const auto& minute : history.last_hour(kStart + 61min)) CHECK(minute.runs == 0);
  CHECK(history.failures() == 1);

  history.record(kStart + 60min, 2ms, false, 1);  // the same slot as an hour ago
  hour = history.last_hour(kStart + 60min);
  CHECK(hour[59].runs == 1);
  CHECK(hour[59].failures == 0);
}

TEST_CASE("every minute of a hang is one that failed, also of one that lasts for days") {
  History history;
  history.record_hang(kStart - 10s, kStart, kStart + 2min + 30s);
  auto hour = history.last_hour(kStart + 2min + 30s);
  CHECK(hour[56].runs == 0);
  CHECK(hour[57].failures == 1);
  CHECK(hour[57].longest == 70s);
  CHECK(hour[58].longest == 130s);
  CHECK(hour[59].longest == 160s);
  history.record_hang(kStart, kStart, kStart + 72h);
  for (const auto& minute : history.last_hour(kStart + 72h)) CHECK(minute.failures == 1);
}

TEST_CASE("the snapshot tells since when a collector fails and when it last worked") {
  World world;
  bool works = true;
  world.engine.apply({plan({collector("a", [&](Page& page, const Deadline&) {
    if (!works) throw std::runtime_error("no");
    add_series(page, "test_value", 3);
    return done();
  })})});
  const auto status = [&] { return world.engine.snapshot().at(0); };
  CHECK(!status().asked);
  CHECK(!status().collectors[0].ended);
  const auto begin = world.clock.wall_now();
  world.scrape_one();
  CHECK(status().asked == begin);
  CHECK(status().collectors[0].worked == begin);
  CHECK(!status().collectors[0].failing_since);
  works = false;
  for (int i = 0; i < 3; ++i) {
    world.clock.advance(1min);
    world.scrape_one();
  }
  auto one = status().collectors[0];
  CHECK(one.worked == begin);
  CHECK(one.failing_since == begin + 1min);
  CHECK(one.ended == begin + 3min);
  CHECK(one.last_hour[56].series == 3);
  CHECK(one.last_hour[59].failures == 1);
  works = true;
  world.clock.advance(1min);
  world.scrape_one();
  CHECK(!status().collectors[0].failing_since);
  const auto failures =
      value_of(world.scrape(8s, "agent").at(0), "basewatch_collector_failures_total",
               R"(collector="a",exporter="test",name="main")");
  CHECK(failures == 3);
}

TEST_CASE("a run that hangs shows in every minute, while it lasts and afterwards") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("a", blocks(entered, release))})});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  scrape.get();
  world.clock.advance(2min);
  const auto failing = [&] {
    const auto hour = world.engine.snapshot().at(0).collectors[0].last_hour;
    return std::ranges::count_if(hour, [](const auto& minute) { return minute.failures > 0; });
  };
  CHECK(failing() == 3);
  CHECK(world.engine.snapshot().at(0).collectors[0].failing_since);
  release.happen();
}

}  // namespace basewatch::scrape
