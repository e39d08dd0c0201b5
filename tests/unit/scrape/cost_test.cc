#include <doctest/doctest.h>
#include <time.h>

#include <chrono>
#include <string>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

// CPU time rather than wall time, so that a busy machine does not fail the test.
double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMost = 0.05;
#else
constexpr double kMost = 0.001;
#endif

}  // namespace

TEST_CASE("a scrape of 60 trivial collectors costs well under a millisecond") {
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back("collector_" + std::to_string(i));
  std::vector<Collector> collectors;
  for (const auto& name : names) collectors.push_back(collector(name, yields()));

  Log log(Clock::system(), LogLevel::error);
  Engine engine(Clock::system(), log, "db-1", {.reuse = 0s});
  engine.apply({plan(collectors)});
  const auto cost = [&](std::string_view exporter) {
    constexpr int kScrapes = 200;
    const auto begin = cpu_seconds();
    for (int i = 0; i < kScrapes; ++i) {
      engine.scrape({.exporter = exporter,
                     .name = {},
                     .collect = {},
                     .exclude = {},
                     .deadline = Deadline::in(Clock::system(), 8s)});
    }
    return (cpu_seconds() - begin) / kScrapes;
  };
  cost("test");
  const auto alone = cost("test"), everything = cost("");
  MESSAGE("CPU per scrape: " << alone * 1e6 << " us; with the agent's page " << everything * 1e6
                             << " us");
  CHECK(alone < kMost);
}

}  // namespace basewatch::scrape
