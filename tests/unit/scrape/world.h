#pragma once

#include <fmt/format.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/fake_clock.h"
#include "agent/scrape/engine.h"

// What the tests of the engine have in common: an exporter made of lambdas, and a world around it.
namespace basewatch::scrape {

// Happens once; shared, so that a run that outlives its test may still wait for it.
class Event {
 public:
  void happen() {
    std::lock_guard guard(state_->mutex);
    state_->happened = true;
    state_->condition.notify_all();
  }
  void await() const {
    std::unique_lock lock(state_->mutex);
    state_->condition.wait(lock, [&] { return state_->happened; });
  }
  bool happened() const {
    std::lock_guard guard(state_->mutex);
    return state_->happened;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable condition;
    bool happened = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// A count that can be awaited.
class Count {
 public:
  int add() {
    std::lock_guard guard(state_->mutex);
    state_->condition.notify_all();
    return ++state_->value;
  }
  void await(int value) const {
    std::unique_lock lock(state_->mutex);
    state_->condition.wait(lock, [&] { return state_->value >= value; });
  }
  int value() const {
    std::lock_guard guard(state_->mutex);
    return state_->value;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable condition;
    int value = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using Run = std::function<Outcome(Page&, const Deadline&)>;

inline Collector collector(std::string_view name, Run run, std::string_view lane = {},
                           Schedule schedule = on_scrape, bool on = true) {
  return {
      .name = name, .lane = lane, .on_by_default = on, .schedule = schedule, .run = std::move(run)};
}

// Adds `count` series of a family of the given name.
inline void add_series(Page& page, std::string_view family, int count) {
  for (int i = 0; i < count; ++i) {
    const auto text = std::to_string(i);
    const Page::Label labels[] = {{"i", text}};
    page.add_foreign(MetricType::gauge, family, "Help.", SampleKind::value, labels, i);
  }
}

inline Run yields(int series = 1, std::string_view family = "test_value") {
  return [=](Page& page, const Deadline&) {
    add_series(page, family, series);
    return done();
  };
}

// Tells that it was entered, then waits for `release`, whatever its deadline.
inline Run blocks(Count entered, Event release) {
  return [=](Page& page, const Deadline&) mutable {
    entered.add();
    release.await();
    add_series(page, "test_value", 1);
    return done();
  };
}

class TestExporter final : public Exporter {
 public:
  struct Hooks {
    std::function<void(Host&)> start;
    std::function<void()> stop;
    std::function<void(Page&, std::span<const CollectorResult>)> summarize;
    Count destroyed;
  };
  TestExporter(std::vector<Collector> collectors, Hooks hooks)
      : collectors_(std::move(collectors)), hooks_(std::move(hooks)) {}
  ~TestExporter() override { hooks_.destroyed.add(); }
  std::span<const Collector> collectors() override { return collectors_; }
  void summarize(Page& page, std::span<const CollectorResult> results) override {
    if (hooks_.summarize) hooks_.summarize(page, results);
  }
  void start(Host& host) override {
    if (hooks_.start) hooks_.start(host);
  }
  void stop() noexcept override {
    if (hooks_.stop) hooks_.stop();
  }

 private:
  const std::vector<Collector> collectors_;
  Hooks hooks_;
};

inline constexpr Plugin kTestPlugin = {.name = "test",
                                       .summary = "For tests.",
                                       .default_job = "test-job",
                                       .host_wide = false,
                                       .single = false,
                                       .options = {},
                                       .create = nullptr};
inline constexpr Plugin kHostPlugin = {.name = "host",
                                       .summary = "For tests.",
                                       .default_job = "host",
                                       .host_wide = true,
                                       .single = true,
                                       .options = {},
                                       .create = nullptr};

inline InstancePlan plan(std::vector<Collector> collectors, std::string name = "main",
                         TestExporter::Hooks hooks = {}) {
  InstancePlan plan;
  plan.plugin = &kTestPlugin;
  plan.name = std::move(name);
  plan.settings = Settings::make({});
  plan.create = [=](const Settings&) { return std::make_unique<TestExporter>(collectors, hooks); };
  return plan;
}

struct World {
  explicit World(Limits limits = {}) : engine(clock, log, "db-1", limits) {}

  std::vector<InstanceResult> scrape(Duration time = std::chrono::seconds(8),
                                     std::string_view exporter = "test",
                                     std::vector<std::string> collect = {}) {
    return engine.scrape({.exporter = exporter,
                          .name = {},
                          .collect = std::move(collect),
                          .exclude = {},
                          .deadline = Deadline::in(clock, time)});
  }
  InstanceResult scrape_one(Duration time = std::chrono::seconds(8)) {
    return std::move(scrape(time).at(0));
  }
  std::vector<InstanceResult> scrape_in_place(Duration time = std::chrono::seconds(30)) {
    return engine.scrape({.exporter = "test",
                          .name = {},
                          .collect = {},
                          .exclude = {},
                          .deadline = Deadline::in(clock, time),
                          .run_all_in_place = true});
  }
  // On a thread of its own; comes to rest as a waiter of the clock.
  std::future<InstanceResult> scrape_later(Duration time = std::chrono::seconds(8)) {
    return std::async(std::launch::async, [this, time] { return scrape_one(time); });
  }
  std::string log_text() const {
    std::lock_guard guard(log_mutex);
    return lines;
  }

  FakeClock clock;
  mutable std::mutex log_mutex;
  std::string lines;
  Log log{clock, LogLevel::info,
          [](void* self, std::string_view line) {
            auto& world = *static_cast<World*>(self);
            std::lock_guard guard(world.log_mutex);
            world.lines += line;
          },
          this};
  Engine engine;
};

inline std::size_t occurrences(std::string_view text, std::string_view of) {
  std::size_t count = 0;
  for (auto at = text.find(of); at != text.npos; at = text.find(of, at + of.size())) ++count;
  return count;
}

// The value of a series on any of the pages; fails the test where there is none.
inline std::optional<double> value_of(const InstanceResult& result, std::string_view family,
                                      std::string_view labels = {}) {
  for (const auto& page : result.pages) {
    const auto* found = page->find(family);
    if (!found) continue;
    for (const auto& sample : found->samples) {
      if (page->labels(sample) == labels) return sample.value;
    }
  }
  return std::nullopt;
}

}  // namespace basewatch::scrape
