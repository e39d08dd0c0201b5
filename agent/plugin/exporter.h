#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/plugin/page.h"
#include "agent/plugin/settings.h"

namespace basewatch {

class Host;

// When a collector runs: on every scrape, or in the background every so often.
struct Schedule {
  Duration every = Duration::zero();  // zero: on scrape
  bool background() const { return every > Duration::zero(); }
};
inline constexpr Schedule on_scrape{};
constexpr Schedule every(Duration span) { return {span}; }

// Thrown by a run when not the collector but its whole instance has failed: the server cannot be
// reached. The log then has one line for the instance, not one for each of its collectors.
class InstanceFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a run ended that did not throw.
struct Outcome {
  bool is_absent = false;
  std::string reason;  // why it is absent: no such hardware, version, extension
};
inline Outcome done() { return {}; }
inline Outcome absent(std::string reason) { return {true, std::move(reason)}; }

// A named part of an exporter. The agent never runs it twice at once; collectors of one lane run one
// after the other in the order of the list, lanes run in parallel. An exception thrown by `run` means
// "this run failed": its page is dropped, its success is 0, the exception's what() is the reason.
struct Collector {
  std::string_view name;
  std::string_view lane;  // empty: a lane of its own
  bool on_by_default = true;
  Schedule schedule;
  std::function<Outcome(Page&, const Deadline&)> run;
};

enum class RunState : std::uint8_t {
  done,
  absent,
  failed,   // threw, or ran past its deadline and has ended since
  stuck,    // is past its deadline and still running; nothing new is started
  pending,  // in the background, and has not come to its first result yet
};

// What a scrape knows of one collector.
struct CollectorResult {
  std::string_view collector;
  RunState state = RunState::pending;
  Duration duration{};        // of the last finished run; so far, when stuck
  Duration age{};             // since the page was made; zero on scrape
  std::size_t series = 0;
  std::string reason;         // in words, when not done
};

// One configured instance of a kind of system. Created without contacting the system, and collectors()
// is fixed from then on. `collectors` may run on any thread, also while stop() is called: everything
// a run needs has to be owned by, or shared with, the run itself.
class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual std::span<const Collector> collectors() = 0;
  // After the runs of a scrape: adds the peer's own names of success (node_scrape_collector_success).
  // Called by the scrape itself, also by several at once and while collectors run: must not wait.
  virtual void summarize(Page&, std::span<const CollectorResult>) {}
  // Where the watched system is, in one form for all ways to write it; empty: not to be told.
  virtual std::string identity() const { return {}; }
  virtual void start(Host&) {}  // must not wait for the watched system
  virtual void stop() noexcept {}
};

// Describes an exporter; one constant of it per exporter, readable top to bottom.
struct Plugin {
  std::string_view name;         // as in basewatch.yml and in the URL: "node"
  std::string_view summary;      // one sentence for --help and the docs
  std::string_view default_job;  // "cadvisor" for containers; usually the name
  bool host_wide = false;        // one per host: its instance label is the node's name alone
  bool single = false;           // a second instance in one agent makes no sense
  std::span<const Option> options;
  std::unique_ptr<Exporter> (*create)(const Settings&);  // throws SettingError
  bool finds_instances = false;  // calls Host::instances
};

}  // namespace basewatch
