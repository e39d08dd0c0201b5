#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

Log& silent_log() {
  static Log log(Clock::system(), LogLevel::error);
  return log;
}

std::vector<InstanceResult> scrape(Engine& engine, Duration time, std::string_view exporter = {}) {
  return engine.scrape({.exporter = exporter,
                        .name = {},
                        .collect = {},
                        .exclude = {},
                        .deadline = Deadline::in(Clock::system(), time)});
}

}  // namespace

TEST_CASE("a collector that never returns costs itself alone, a thousand times over") {
  Count entered;
  Event release;
  const auto before = entries("/proc/self/task");
  Engine engine(Clock::system(), silent_log(), "db-1", {.reuse = 0s});
  std::vector<Collector> collectors = {collector("hangs", blocks(entered, release)),
                                       collector("hangs_too", blocks(entered, release), "line"),
                                       collector("behind", yields(), "line")};
  constexpr std::string_view kNames[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  for (const auto name : kNames) collectors.push_back(collector(name, yields()));
  engine.apply({plan(collectors), plan({collector("other", yields())}, "other")});

  const auto check = [&](Duration most) {
    const auto begin = std::chrono::steady_clock::now();
    const auto results = scrape(engine, 1s);
    CHECK(std::chrono::steady_clock::now() - begin < most);
    CHECK(results.at(0).collectors[0].state == RunState::stuck);
    CHECK(results.at(0).collectors[1].state == RunState::stuck);
    CHECK(results.at(0).collectors[2].state == RunState::failed);
    for (std::size_t i = 3; i < 3 + std::size(kNames); ++i) {
      CHECK(results.at(0).collectors[i].state == RunState::done);
    }
    CHECK(results.at(1).collectors[0].state == RunState::done);
  };
  check(5s);
  const auto files = entries("/proc/self/fd");
  std::size_t most_threads = 0;
  for (int i = 0; i < 1000; ++i) {
    check(5s);
    most_threads = std::max(most_threads, entries("/proc/self/task"));
  }
  // Four are kept; a collector may need one while it runs, the agent's own two among them.
  CHECK(most_threads <= before + 4 + collectors.size() + 1 + 2);
  while (entries("/proc/self/task") > before + 2 + 4) std::this_thread::yield();  // stuck and kept
  CHECK(entries("/proc/self/fd") == files);
  CHECK(entered.value() == 2);
  release.happen();
}

TEST_CASE("the engine is gone in bounded time, whatever hangs") {
  TestExporter::Hooks hooks;
  Count entered;
  Event release;
  hooks.stop = [release] { release.await(); };
  const auto begin = std::chrono::steady_clock::now();
  {
    Engine engine(Clock::system(), silent_log(), "db-1");
    engine.apply({plan({collector("stuck", blocks(entered, release)),
                        collector("background", blocks(entered, release), {}, every(10s))},
                       "main", hooks),
                  plan({collector("young", blocks(entered, release), {}, every(3600s))}, "two")});
    entered.await(2);
    scrape(engine, 1s, "agent");
    CHECK_THROWS_AS(scrape(engine, 10ms, "test"), NoSuchInstance);
    scrape(engine, 1s);
    entered.await(3);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  CHECK(hooks.destroyed.value() == 0);
  release.happen();
  hooks.destroyed.await(1);
}

TEST_CASE("an engine that was never used goes at once") {
  const auto begin = std::chrono::steady_clock::now();
  { Engine engine(Clock::system(), silent_log(), "db-1"); }
  CHECK(std::chrono::steady_clock::now() - begin < 500ms);
}

// Worth most under the thread sanitizer.
TEST_CASE("scrapes, reloads and background runs side by side") {
  Engine engine(Clock::system(), silent_log(), "db-1", {.reuse = 1ms});
  std::atomic<int> count = 0;
  const auto sometimes = [&count](Page& page, const Deadline&) -> Outcome {
    const int turn = ++count;
    if (turn % 7 == 0) throw std::runtime_error("seven");
    if (turn % 11 == 0) std::this_thread::sleep_for(3ms);  // a slow system, past some deadlines
    if (turn % 13 == 0) return absent("thirteen");
    add_series(page, "test_value", 3);
    return done();
  };
  const auto make = [&](std::string name, int version) {
    TestExporter::Hooks hooks;
    hooks.start = [](Host& host) {
      host.note("a", "b");
      host.endpoint("/x", [](const HttpRequest&) { return HttpReply(); });
    };
    auto made = plan({collector("a", sometimes, "line"), collector("b", sometimes, "line"),
                      collector("c", sometimes), collector("d", sometimes, {}, every(5ms)),
                      collector("e", sometimes, "line", every(3ms))},
                     std::move(name), hooks);
    made.settings.set_fingerprint(std::to_string(version));
    return made;
  };
  engine.apply({make("one", 0), make("two", 0)});
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (!over) {
        const auto results = scrape(engine, i % 2 ? 2ms : 200ms);
        CHECK(results.back().exporter == "agent");
        for (const auto& result : results) {
          for (const auto& each : result.collectors) CHECK(!each.collector.empty());
        }
      }
    });
  }
  threads.emplace_back([&] {
    while (!over) {
      engine.targets();
      for (const auto& status : engine.snapshot()) CHECK(!status.exporter.empty());
      if (const auto handler = engine.endpoint("/x")) handler({});
    }
  });
  for (int version = 1; version <= 60; ++version) {
    engine.apply(version % 3 == 0 ? std::vector{make("two", version / 2)}
                                  : std::vector{make("one", version), make("two", version / 2)});
  }
  over = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace basewatch::scrape
