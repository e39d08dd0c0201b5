#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/expose/text.h"
#include "agent/plugin/exporter.h"
#include "agent/plugin/host.h"
#include "agent/scrape/history.h"

namespace prometheus {
class Collectable;
}

namespace basewatch::scrape {

// One instance as it is to run: made by config and main, run by the Engine.
struct InstancePlan {
  const Plugin* plugin = nullptr;
  std::string name;                                         // "main"
  std::string job;                                          // "postgres"
  std::vector<std::pair<std::string, std::string>> labels;  // extra target labels
  Duration timeout{};                         // lowers the deadline of its runs; zero: does not
  std::size_t max_series = 0;                 // per scrape; whole collectors are dropped above it;
                                              // zero: kDefaultMaxSeries
  std::map<std::string, bool> switches;       // collectors switched on or off by name
  std::map<std::string, Duration> intervals;  // collectors moved to the background by `every:`
  Settings settings;                          // also decides whether a reload keeps the instance
  // Makes the exporter in place of plugin->create: for what main builds itself (a Collectable).
  std::function<std::unique_ptr<Exporter>(const Settings&)> create;
};

inline constexpr std::size_t kDefaultMaxSeries = 100'000;

// A plan that cannot be run, and whose it is; option() is the setting to blame.
class PlanError : public SettingError {
 public:
  PlanError(const InstancePlan& plan, std::string option, const std::string& message)
      : SettingError(std::move(option), message),
        exporter(plan.plugin ? plan.plugin->name : std::string_view()),
        name(plan.name) {}
  std::string exporter, name;
};

// All that is wrong with a set of plans, in their order; what() is one line each.
class PlanErrors : public std::runtime_error {
 public:
  explicit PlanErrors(std::vector<PlanError> errors);
  const std::vector<PlanError> all;
};

struct Limits {
  Duration default_deadline = std::chrono::seconds(8);  // when the scraper names no timeout
  Duration reuse = std::chrono::seconds(1);             // a good result serves again for so long
  std::size_t max_series = 500'000;                     // of one answer, all instances together
  std::size_t idle_threads = 4;  // kept between scrapes; more while runs block
};

// What is asked of the engine: an endpoint and its filter.
struct Request {
  std::string_view exporter;                  // empty: every instance, and the agent itself
  std::string_view name;                      // empty: the exporter's only instance
  std::vector<std::string> collect, exclude;  // names of collectors; at most one of the two
  Deadline deadline;
  bool run_all_in_place = false;  // `once`: background collectors run now, like the others
};

struct InstanceResult {
  std::string exporter, name;
  std::shared_ptr<const expose::TargetLabels> target;  // job, instance, node, own labels
  std::vector<std::shared_ptr<const Page>> pages;      // in catalog order, summary last
  std::vector<CollectorResult> collectors;
  std::shared_ptr<const void> owner;  // keeps alive what the views in `collectors` point to
  // For whoever writes the pages and finds that they hold series twice: so many were left out.
  std::function<void(std::size_t series)> count_duplicates;
};

// A request that names what does not exist; what() is a sentence that lists what does.
class NoSuchInstance : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Target {  // for /sd
  std::string exporter, name;
  std::shared_ptr<const expose::TargetLabels> target;
};

// What the status page shows of a collector.
struct CollectorStatus : CollectorResult {
  Duration every{};                       // zero: it runs on the scrape
  std::optional<WallTime> ended, worked;  // the last run that ended; the last that was good
  std::optional<WallTime> failing_since;  // empty: it does not fail
  std::vector<Minute> last_hour;          // as History::last_hour has it
};

// What the status page shows of an instance.
struct InstanceStatus {
  std::string exporter, name;
  std::shared_ptr<const expose::TargetLabels> target;
  std::vector<CollectorStatus> collectors;
  std::optional<WallTime> asked;             // the last scrape that asked for it
  std::size_t duplicates = 0, capped = 0;    // series left out so far
  std::map<std::string, std::string> notes;  // by topic, as the exporter left them
  std::shared_ptr<const void> owner;         // as in InstanceResult
};

// Runs the collectors of all instances; docs/scrape.md tells how.
//
// Every public member may be called from any thread. Runs happen on the engine's own threads; a
// caller waits at most until its deadline, whatever the collectors do. The log outlives the engine;
// the clock outlives also the runs that the engine had to abandon, so it is usually
// Clock::system().
class Engine {
 public:
  // `agent_job` is the job label of the agent's own page.
  Engine(Clock& clock, Log& log, std::string node, Limits limits = {},
         std::string agent_job = "basewatch");
  // Stops the instances; stuck runs are abandoned, not joined. Takes at most a few seconds.
  ~Engine();
  Engine(const Engine&) = delete;

  // Makes the running set equal to `plans`: instances whose plan did not change keep running with
  // all their state; new ones are created first, so that when one throws nothing has changed.
  // Throws PlanErrors with all that is wrong at once (also what the exporter's SettingError says,
  // names of unknown collectors in switches or intervals, a second instance of the same name), or
  // whatever else create() threw. `node`, when not empty, is the node's name from now on.
  void apply(std::vector<InstancePlan> plans, const std::string& node = {});

  // Collects what is asked for: instances in the order of the plans, the agent's own page last.
  // Throws NoSuchInstance, and std::invalid_argument for a filter that makes no sense.
  std::vector<InstanceResult> scrape(const Request& request);

  // Every instance, the agent's own last.
  std::vector<Target> targets() const;
  std::vector<InstanceStatus> snapshot() const;

  // What an exporter answers at `path`, or an empty function. It stays valid when the instance
  // goes.
  std::function<HttpReply(const HttpRequest&)> endpoint(std::string_view path) const;

  // Wakes the timer and says how many turns it has made; more, the next time, while it works. Blocks
  // for ever when the engine's lock is never given back: for a watchdog, that is an answer.
  std::uint64_t pulse();

  // A note at the agent's own instance, for what main knows; empty removes it.
  void note_own(std::string_view topic, std::string message);

  // Puts more on the agent's own page: Self's registry, for one.
  void add_own(std::shared_ptr<const prometheus::Collectable> source);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace basewatch::scrape
