#include <doctest/doctest.h>
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "agent/base/self.h"
#include "agent/base/version.h"
#include "agent/scrape/collectable.h"
#include "agent/scrape/process.h"
#include "metrics/agent.h"
#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

InstanceResult own(World& world) {
  return world.scrape(8s, "agent").at(0);
}

}  // namespace

TEST_CASE("the agent's page lists every instance before anything has run") {
  World world;
  world.engine.apply({plan({collector("a", yields())}, "one")});
  const auto page = own(world);
  CHECK(value_of(page, "basewatch_build_info",
                 fmt::format("revision=\"{}\",version=\"{}\"", revision(), version())) == 1);
  CHECK(value_of(page, "basewatch_instance_up", R"(exporter="test",name="one")") == 1);
  CHECK(value_of(page, "basewatch_instance_up", R"(exporter="agent",name="main")") == 1);
  CHECK(value_of(
            page, "basewatch_target_info",
            R"(exporter="test",name="one",target_instance="db-1/one",target_job="test-job")") == 1);
  CHECK(value_of(page, "basewatch_target_info",
                 R"(exporter="agent",name="main",target_instance="db-1",target_job="basewatch")") ==
        1);
  CHECK(!value_of(page, "basewatch_collector_success",
                  R"(collector="a",exporter="test",name="one")"));
  CHECK(value_of(page, "basewatch_worker_threads").value() >= 1);
  CHECK(value_of(page, "process_open_fds").value() >= 3);
}

TEST_CASE("in an answer with everything the agent comes last and tells of this very scrape") {
  World world;
  const auto fails = [](Page&, const Deadline&) -> Outcome { throw std::runtime_error("no"); };
  const auto missing = [](Page&, const Deadline&) { return absent("none"); };
  world.engine.apply(
      {plan({collector("good", yields(7)), collector("bad", fails), collector("none", missing)},
            "mixed"),
       plan({collector("bad", fails)}, "down"), plan({collector("none", missing)}, "empty")});
  const auto results = world.scrape(8s, "");
  REQUIRE(results.size() == 4);
  const auto& page = results.back();
  CHECK(page.exporter == "agent");
  const auto of = [&](std::string_view family, std::string_view name, std::string_view collector) {
    return value_of(page, family,
                    fmt::format("collector=\"{}\",exporter=\"test\",name=\"{}\"", collector, name));
  };
  const auto up = [&](std::string_view name) {
    return value_of(page, "basewatch_instance_up",
                    fmt::format("exporter=\"test\",name=\"{}\"", name));
  };
  CHECK(up("mixed") == 1);
  CHECK(up("down") == 0);
  CHECK(up("empty") == 1);  // what is not there does not fail
  CHECK(of("basewatch_collector_success", "mixed", "good") == 1);
  CHECK(of("basewatch_collector_success", "mixed", "bad") == 0);
  CHECK(!of("basewatch_collector_success", "mixed", "none"));
  CHECK(of("basewatch_collector_series", "mixed", "good") == 7);
  CHECK(of("basewatch_collector_age_seconds", "mixed", "good") == 0);
  CHECK(!of("basewatch_collector_age_seconds", "mixed", "bad"));
  CHECK(of("basewatch_collector_duration_seconds", "mixed", "bad") == 0);

  world.clock.advance(42s);
  CHECK(value_of(own(world), "basewatch_collector_age_seconds",
                 R"(collector="good",exporter="test",name="mixed")") == 42);
}

TEST_CASE("an instance all of whose collectors hang is down") {
  World world;
  Count entered;
  Event release;
  world.engine.apply({plan({collector("a", blocks(entered, release))})});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  scrape.get();
  world.clock.advance(1s);
  const auto page = own(world);
  CHECK(value_of(page, "basewatch_instance_up", R"(exporter="test",name="main")") == 0);
  CHECK(value_of(page, "basewatch_stuck_runs") == 1);
  CHECK(value_of(page, "basewatch_collector_duration_seconds",
                 R"(collector="a",exporter="test",name="main")") == 9);
  release.happen();
}

TEST_CASE("every name on the agent's page is declared") {
  World world;
  world.engine.apply({plan({collector("a", yields())})});
  const auto results = world.scrape(8s, "");
  for (const auto& page : results.back().pages) {
    for (const auto& family : page->families()) {
      CHECK(std::ranges::any_of(metrics::agent::all, [&](const auto& spec) {
        return spec.name == page->name(family) && spec.type == family.type;
      }));
    }
  }
}

TEST_CASE("metrics of other folders come onto the page through Self") {
  World world;
  Self self;
  world.engine.add_own(self.registry());
  self.gauge(metrics::agent::config_last_reload_successful.spec()).Set(1);
  CHECK(value_of(own(world), "basewatch_config_last_reload_successful") == 1);
  world.clock.advance(1s);
  self.gauge(metrics::agent::config_last_reload_successful.spec()).Set(0);
  CHECK(value_of(own(world), "basewatch_config_last_reload_successful") == 0);

  const auto& dropped = metrics::agent::series_dropped_total;
  auto& counter = self.counter(dropped.spec(), {"e", "n", "cap"});
  CHECK(&counter == &self.counter(dropped.spec(), {"e", "n", "cap"}));
  CHECK_THROWS_AS(self.counter(dropped.spec(), {"e"}), std::logic_error);
  CHECK_THROWS_AS(self.gauge(dropped.spec(), {"e", "n", "cap"}), std::logic_error);
}

TEST_CASE("a Collectable becomes an exporter, whatever kinds it has") {
  World world;
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("c_total")
      .Help("C.")
      .Register(*registry)
      .Add({{"x", "1"}})
      .Increment(3);
  prometheus::BuildGauge()
      .Name("g")
      .Help("G.")
      .Register(*registry)
      .Add({{"instance", "theirs"}})
      .Set(-1);
  prometheus::BuildHistogram()
      .Name("h")
      .Help("H.")
      .Register(*registry)
      .Add({}, prometheus::Histogram::BucketBoundaries{0.5, 1})
      .Observe(0.7);
  prometheus::BuildSummary()
      .Name("s")
      .Help("S.")
      .Register(*registry)
      .Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}})
      .Observe(4);
  auto logs = plan({});
  logs.create = [=](const Settings&) { return make_exporter(registry, "metrics"); };
  world.engine.apply({logs});
  const auto result = world.scrape_one();
  CHECK(value_of(result, "c_total", R"(x="1")") == 3);
  CHECK(value_of(result, "g", R"(exported_instance="theirs")") == -1);
  CHECK(value_of(result, "h", R"(le="0.5")") == 0);
  CHECK(value_of(result, "h", R"(le="1")") == 1);
  CHECK(value_of(result, "h", R"(le="+Inf")") == 1);
  CHECK(value_of(result, "s", R"(quantile="0.5")") == 4);
  CHECK(result.pages.at(0)->find("h")->type == MetricType::histogram);
  CHECK(result.collectors[0].collector == "metrics");
  CHECK(result.collectors[0].series == 10);
}

TEST_CASE("a Collectable that throws fails its collector and nothing else") {
  class Throws final : public prometheus::Collectable {
    std::vector<prometheus::MetricFamily> Collect() const override { throw 7; }
  };
  World world;
  world.engine.add_own(std::make_shared<Throws>());
  const auto page = own(world);
  CHECK(value_of(page, "basewatch_collector_success",
                 R"(collector="counters",exporter="agent",name="main")") == 0);
  CHECK(value_of(page, "basewatch_collector_success",
                 R"(collector="process",exporter="agent",name="main")") == 1);
  CHECK(value_of(page, "basewatch_instance_up", R"(exporter="agent",name="main")") == 1);
}

TEST_CASE("the process is read from /proc, and garbage there is an error") {
  char folder[] = "/tmp/basewatch-proc-XXXXXX";
  REQUIRE(mkdtemp(folder));
  const std::string proc = folder;
  std::filesystem::create_directories(proc + "/self/fd");
  const auto write = [&](const std::string& file, std::string_view text) {
    std::ofstream(proc + file) << text;
  };
  std::ofstream(proc + "/self/fd/0");
  std::ofstream(proc + "/self/fd/1");
  write("/stat", "cpu 1 2\nbtime 1700000000\n");
  write("/self/stat",
        "7 (a) b) S 1 7 7 0 -1 4 0 0 0 0 250 50 0 0 20 0 6 0 1000 8192 2 18446744073709551615\n");
  const auto value = [](const Page& page, std::string_view name) {
    return page.find(name)->samples.front().value;
  };
  Page page;
  add_process(page, proc);
  page.seal();
  CHECK(value(page, "process_cpu_seconds_total") == 3);
  CHECK(value(page, "process_threads") == 6);
  CHECK(value(page, "process_start_time_seconds") == 1700000010);
  CHECK(value(page, "process_virtual_memory_bytes") == 8192);
  CHECK(value(page, "process_resident_memory_bytes") == 2.0 * sysconf(_SC_PAGESIZE));
  CHECK(value(page, "process_open_fds") == 1);

  for (const auto* garbage : {"", "7", "7 (a", "7 (a) S 1 2",
                              "7 (a) S x x x x x x x x x x x x x x x "
                              "x x x x x x x x"}) {
    write("/self/stat", garbage);
    Page other;
    CHECK_THROWS_AS(add_process(other, proc), std::runtime_error);
  }
  std::filesystem::remove_all(proc);
}

}  // namespace basewatch::scrape
