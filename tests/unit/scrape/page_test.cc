#include <doctest/doctest.h>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

std::vector<std::string_view> names(const InstanceResult& result) {
  std::vector<std::string_view> out;
  for (const auto& each : result.collectors) {
    if (each.state == RunState::done) out.push_back(each.collector);
  }
  return out;
}
using Names = std::vector<std::string_view>;

InstancePlan three(std::string name = "main") {
  return plan({collector("a", yields(10, "test_a")), collector("b", yields(10, "test_b")),
               collector("c", yields(10, "test_c"))},
              std::move(name));
}

std::string error_of(World& world, Request request) {
  try {
    world.engine.scrape(request);
  } catch (const NoSuchInstance& error) {
    return std::string("404 ") + error.what();
  } catch (const std::invalid_argument& error) {
    return std::string("400 ") + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("pages come in catalog order") {
  World world;
  world.engine.apply({three()});
  const auto result = world.scrape_one();
  REQUIRE(result.pages.size() == 3);
  CHECK(result.pages[0]->find("test_a"));
  CHECK(result.pages[1]->find("test_b"));
  CHECK(result.pages[2]->find("test_c"));
  CHECK(result.collectors[2].series == 10);
}

TEST_CASE("the cap of an instance drops whole collectors, the last first") {
  World world;
  auto capped = three();
  capped.max_series = 25;
  world.engine.apply({capped});
  for (int i = 0; i < 3; ++i) {
    const auto result = world.scrape_one();
    CHECK(names(result) == Names{"a", "b"});
    CHECK(result.pages.size() == 2);
    CHECK(result.collectors[2].state == RunState::failed);
    CHECK(result.collectors[2].reason == "left out: above the cap of 25 series of the instance");
    world.clock.advance(10s);
  }
  CHECK(occurrences(world.log_text(), "above the cap of series of the instance; left out: c") == 1);
  const auto own = world.scrape(8s, "agent").at(0);
  CHECK(value_of(own, "basewatch_series_dropped_total",
                 R"(exporter="test",name="main",reason="cap")") == 30);
}

TEST_CASE("a collector that alone is above the cap fails and leaves room for the others") {
  World world;
  auto capped = plan({collector("a", yields(5, "test_a")), collector("b", yields(50, "test_b")),
                      collector("c", yields(5, "test_c"))});
  capped.max_series = 20;
  world.engine.apply({capped});
  const auto result = world.scrape_one();
  CHECK(names(result) == Names{"a", "c"});
  CHECK(result.collectors[1].state == RunState::failed);
  CHECK(result.collectors[1].reason != "");
}

TEST_CASE("the cap of an answer takes from the last instance and spares the agent") {
  World world({.max_series = 45});
  world.engine.apply({three("one"), three("two")});
  auto results = world.scrape(8s, "");
  REQUIRE(results.size() == 3);
  CHECK(names(results[0]) == Names{"a", "b", "c"});
  CHECK(names(results[1]) == Names{});
  CHECK(results[1].collectors[0].reason == "left out: above the cap of 45 series of one answer");
  CHECK(value_of(results[2], "basewatch_collector_success",
                 R"(collector="b",exporter="test",name="two")") == 0);
  CHECK(value_of(results[2], "basewatch_series_dropped_total",
                 R"(exporter="test",name="two",reason="cap")") == 30);
  CHECK(occurrences(world.log_text(), "cap of series of one answer; left out: a, b, c") == 1);
  world.engine.apply({three("two")});
  CHECK(names(world.scrape(8s, "").at(0)) == Names{"a", "b", "c"});
  CHECK(occurrences(world.log_text(), "below the cap of series of one answer again") == 1);
}

TEST_CASE("duplicates are counted, and logged once each") {
  World world;
  std::string twice = "x";
  world.engine.apply({plan({collector("a", [&](Page& page, const Deadline&) {
    for (int i = 0; i < 3; ++i) {
      const Page::Label labels[] = {{"file", twice}};
      page.add_foreign(MetricType::gauge, "test_value", "Help.", SampleKind::value, labels, i);
    }
    return done();
  })})});
  for (const auto* file : {"x", "x", "y", "x"}) {
    twice = file;
    const auto result = world.scrape_one();
    CHECK(result.collectors[0].state == RunState::done);
    CHECK(result.collectors[0].series == 1);
    world.clock.advance(10s);
  }
  CHECK(occurrences(world.log_text(), "2 duplicate series left out") == 2);
  CHECK(value_of(world.scrape(8s, "agent").at(0), "basewatch_series_dropped_total",
                 R"(exporter="test",name="main",reason="duplicate")") == 8);
}

TEST_CASE("summarize is called once a scrape, after the runs, and comes last") {
  World world;
  TestExporter::Hooks hooks;
  int calls = 0;
  hooks.summarize = [&](Page& page, std::span<const CollectorResult> results) {
    ++calls;
    for (const auto& result : results) {
      const Page::Label labels[] = {{"collector", result.collector}};
      page.add_foreign(MetricType::gauge, "test_success", "Help.", SampleKind::value, labels,
                       result.state == RunState::done ? 1 : 0);
    }
  };
  world.engine.apply({plan({collector("a", yields()),
                            collector("b", [](Page&, const Deadline&) { return absent("none"); })},
                           "main", hooks)});
  const auto result = world.scrape_one();
  CHECK(calls == 1);
  REQUIRE(result.pages.size() == 2);
  CHECK(result.pages[1]->find("test_success"));
  CHECK(value_of(result, "test_success", R"(collector="a")") == 1);
  CHECK(value_of(result, "test_success", R"(collector="b")") == 0);
}

TEST_CASE("a summary that throws is left out and logged once") {
  World world;
  TestExporter::Hooks hooks;
  hooks.summarize = [](Page&, std::span<const CollectorResult>) { throw 1; };
  world.engine.apply({plan({collector("a", yields())}, "main", hooks)});
  CHECK(world.scrape_one().pages.size() == 1);
  CHECK(world.scrape_one().pages.size() == 1);
  CHECK(occurrences(world.log_text(), "the summary fails") == 1);
}

TEST_CASE("collect[] and exclude[] choose collectors") {
  World world;
  world.engine.apply({three()});
  const auto collected = world.engine.scrape({.exporter = "test",
                                              .name = "main",
                                              .collect = {"c", "a", "c"},
                                              .exclude = {},
                                              .deadline = Deadline::in(world.clock, 8s)});
  CHECK(names(collected.at(0)) == Names{"a", "c"});
  const auto rest = world.engine.scrape({.exporter = "test",
                                         .name = {},
                                         .collect = {},
                                         .exclude = {"b", "nonsense"},
                                         .deadline = Deadline::in(world.clock, 8s)});
  CHECK(names(rest.at(0)) == Names{"a", "c"});
  // Of everything, only who has such a collector answers.
  CHECK(world.scrape(8s, "", {"a"}).size() == 1);
  CHECK(world.scrape(8s, "", {"process"}).at(0).pages.size() == 1);
}

TEST_CASE("a request for what does not exist says what does") {
  World world;
  auto one = three("one");
  one.switches["b"] = false;
  world.engine.apply({one, three("two")});
  struct Case {
    std::string_view exporter, name;
    std::vector<std::string> collect, exclude;
    std::string_view error;
  };
  const Case cases[] = {
      {"redis", "", {}, {}, R"(404 no exporter "redis" is configured; there are: agent, test)"},
      {"test",
       "",
       {},
       {},
       R"(404 the exporter "test" has several instances; choose one of: one, two)"},
      {"test",
       "three",
       {},
       {},
       R"(404 the exporter "test" has no instance "three"; there are: one, two)"},
      {"test\n", "", {}, {}, R"(404 no exporter "test\x0a" is configured; there are: agent, test)"},
      {"test",
       "two",
       {"a"},
       {"b"},
       "400 collect[] and exclude[] cannot be combined; use one of them"},
      {"test",
       "two",
       {"x"},
       {},
       R"(400 collect[]: the collector "x" is unknown; there are: a, b, c)"},
      {"test",
       "one",
       {"b"},
       {},
       R"(400 collect[]: the collector "b" is switched off; there are: a, c)"},
      {"",
       "",
       {"b", "y"},
       {},
       R"(400 collect[]: the collector "y" is unknown; there are: a, b, c, counters, process)"},
  };
  for (const auto& each : cases) {
    CHECK(error_of(world, {.exporter = each.exporter,
                           .name = each.name,
                           .collect = each.collect,
                           .exclude = each.exclude,
                           .deadline = Deadline::in(world.clock, 8s)}) == each.error);
  }
}

TEST_CASE("every instance is its own target") {
  World world;
  auto host = three();
  host.plugin = &kHostPlugin;
  auto redis = three("cache");
  redis.job = "redis";
  redis.labels = {{"tier", "prod"}};
  world.engine.apply({host, redis});
  std::string blocks;
  for (const auto& target : world.engine.targets()) {
    blocks += std::string(target.target->block()) + "\n";
  }
  CHECK(blocks ==
        "job=\"host\",instance=\"db-1\",node=\"db-1\"\n"
        "job=\"redis\",instance=\"db-1/cache\",node=\"db-1\",tier=\"prod\"\n"
        "job=\"basewatch\",instance=\"db-1\",node=\"db-1\"\n");
}

}  // namespace basewatch::scrape
