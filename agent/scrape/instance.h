#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/expose/text.h"
#include "agent/scrape/collector_state.h"
#include "agent/scrape/engine.h"
#include "agent/scrape/instance_host.h"

namespace basewatch::scrape {

class Core;

// A configured exporter with its collectors and lanes. Shared by the engine's list, by scrapes and
// by every run, so that a run that was abandoned finds everything in place. What is not constant is
// guarded by Core::mutex.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  // Makes the exporter. Throws PlanErrors, and what the exporter's create() throws besides.
  static std::shared_ptr<Instance> create(std::shared_ptr<Core> core, InstancePlan plan);
  Instance(const Instance&) = delete;
  ~Instance() = default;

  // Constant.
  Core& core() const { return *core_; }
  const InstancePlan& plan() const { return plan_; }
  std::string_view exporter_name() const { return plan_.plugin->name; }
  const std::string& name() const { return plan_.name; }
  const std::string& topic() const { return topic_; }  // "node/main"
  const std::string& identity() const { return identity_; }  // as the exporter has it
  std::size_t max_series() const {
    return plan_.max_series > 0 ? plan_.max_series : kDefaultMaxSeries;
  }
  std::optional<Duration> timeout() const {
    return plan_.timeout > Duration::zero() ? std::optional(plan_.timeout) : std::nullopt;
  }
  // True when `other` asks for the same exporter run in the same way; its labels may differ.
  bool runs_as(const InstancePlan& other) const;

  // The collectors that are switched on, in catalog order.
  std::deque<CollectorState>& states() { return states_; }
  CollectorState* find(std::string_view collector);
  bool knows(std::string_view collector) const;  // also when it is switched off
  std::shared_ptr<Pool::Job> job(Lane& lane) { return {shared_from_this(), &lane}; }

  // Not under the lock: foreign code.
  void start();
  void stop() noexcept;
  // The exporter's own words after the runs; null when it has none.
  std::shared_ptr<const Page> summary(std::span<const CollectorResult> results);
  InstanceHost& host() { return *host_; }

  // With Core::mutex held.
  void retire(MonoTime now);
  bool retired() const { return retired_; }
  const std::shared_ptr<const expose::TargetLabels>& target() const { return target_; }
  void set_target(const InstancePlan& plan, const std::string& node);
  void note_asked(WallTime when) { asked_ = when; }
  const std::optional<WallTime>& asked() const { return asked_; }
  void count_duplicates(std::size_t series) { duplicates_ += series; }
  void count_capped(std::size_t series) { capped_ += series; }
  std::size_t duplicates() const { return duplicates_; }
  std::size_t capped() const { return capped_; }
  // Says once that a cap begins to bite, and once that it no longer does.
  void note_cap(bool& biting, bool now_biting, std::string message);
  // Says once that the whole instance fails, and, with an empty reason, once that it works again.
  void note_failure(const std::string& reason);
  bool own_cap_bites = false, answer_cap_bites = false;

 private:
  Instance(std::shared_ptr<Core> core, InstancePlan plan);
  void check_names() const;
  void add_states();

  const std::shared_ptr<Core> core_;
  const InstancePlan plan_;
  const std::string topic_;
  const std::shared_ptr<InstanceHost> host_;
  std::string identity_;
  std::unique_ptr<Exporter> exporter_;  // after the host, which outlives it
  std::deque<Lane> lanes_;
  std::deque<CollectorState> states_;

  std::shared_ptr<const expose::TargetLabels> target_;
  std::optional<WallTime> asked_;
  std::size_t duplicates_ = 0, capped_ = 0;
  bool retired_ = false;
  bool summary_failing_ = false;
  bool failing_ = false;  // as the log has it
};

using Instances = std::vector<std::shared_ptr<Instance>>;

}  // namespace basewatch::scrape
