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

namespace basewatch::scrape {

// One instance as it is to run: made by config and main, run by the Engine.
struct InstancePlan {
  const Plugin* plugin = nullptr;
  std::string name;                                 // "main"
  std::string job;                                  // "postgres"
  std::vector<std::pair<std::string, std::string>> labels;  // extra target labels
  Duration timeout{};                               // lowers the deadline of its runs; zero: does not
  std::size_t max_series = 0;                       // per scrape; whole collectors are dropped above it
  std::map<std::string, bool> switches;             // collectors switched on or off by name
  std::map<std::string, Duration> intervals;        // collectors moved to the background by `every:`
  Settings settings;                                // also decides whether a reload keeps the instance
};

struct Limits {
  Duration default_deadline = std::chrono::seconds(8);  // when the scraper names no timeout
  Duration reuse = std::chrono::seconds(1);             // a good result serves again for so long
  std::size_t max_series = 500'000;                     // of one answer, all instances together
  std::size_t idle_threads = 4;                         // runs in parallel when nothing is stuck
};

// What is asked of the engine: an endpoint and its filter.
struct Request {
  std::string_view exporter;  // empty: every instance, and the agent itself
  std::string_view name;      // empty: the exporter's only instance
  std::vector<std::string> collect, exclude;
  Deadline deadline;
};

struct InstanceResult {
  std::string exporter, name;
  std::shared_ptr<const expose::TargetLabels> target;    // job, instance, node, own labels
  std::vector<std::shared_ptr<const Page>> pages;        // in catalog order, summary last
  std::vector<CollectorResult> collectors;
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

// Runs the collectors of all instances; DESIGN of a scrape is in docs/architecture.md.
//
// Every public member may be called from any thread. Runs happen on the engine's own threads; a
// caller waits at most until its deadline, whatever the collectors do. The clock and log outlive it.
class Engine {
 public:
  Engine(Clock& clock, Log& log, std::string node, Limits limits = {});
  // Stops the instances; stuck runs are abandoned, not joined.
  ~Engine();
  Engine(const Engine&) = delete;

  // Makes the running set equal to `plans`: instances whose plan did not change keep running with all
  // their state; new ones are created first, so that when one throws (SettingError, InputError)
  // nothing has changed. Names of unknown collectors in switches or intervals throw SettingError.
  void apply(std::vector<InstancePlan> plans);

  // Collects what is asked for. Throws NoSuchInstance.
  std::vector<InstanceResult> scrape(const Request& request);

  std::vector<Target> targets() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace basewatch::scrape
