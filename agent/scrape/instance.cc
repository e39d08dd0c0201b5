#include "agent/scrape/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"
#include "agent/scrape/core.h"
#include "agent/scrape/guarded.h"

namespace basewatch::scrape {
namespace {

constexpr Duration kShortestInterval = std::chrono::seconds(1);

}  // namespace

Instance::Instance(std::shared_ptr<Core> core, InstancePlan plan)
    : core_(std::move(core)),
      plan_(std::move(plan)),
      topic_(fmt::format("{}/{}", plan_.plugin->name, plan_.name)),
      host_(std::make_shared<InstanceHost>(core_, topic_)) {}

std::shared_ptr<Instance> Instance::create(std::shared_ptr<Core> core, InstancePlan plan) {
  std::shared_ptr<Instance> instance(new Instance(std::move(core), std::move(plan)));
  const auto& own = instance->plan_;
  try {
    instance->exporter_ = own.create ? own.create(own.settings) : own.plugin->create(own.settings);
  } catch (const SettingError& error) {
    throw PlanErrors({PlanError(own, error.option(), error.what())});
  }
  instance->identity_ = instance->exporter_->identity();
  instance->check_names();
  instance->add_states();
  return instance;
}

void Instance::check_names() const {
  std::vector<std::string_view> known;
  for (const auto& collector : exporter_->collectors()) known.push_back(collector.name);
  std::vector<PlanError> wrong;
  std::set<std::string_view> unknown;
  const auto check = [&](const std::string& name) {
    if (std::ranges::find(known, std::string_view(name)) != known.end()) return;
    if (!unknown.insert(name).second) return;
    const auto meant = nearest(name, known);
    wrong.emplace_back(
        plan_, "collectors." + name,
        fmt::format("the exporter {} has no collector \"{}\"; {}", exporter_name(), printable(name),
                    meant.empty() ? "it has: " + join(known, ", ")
                                  : fmt::format("did you mean \"{}\"?", meant)));
  };
  for (const auto& [name, on] : plan_.switches) check(name);
  for (const auto& [name, every] : plan_.intervals) {
    check(name);
    if (every < kShortestInterval) {
      wrong.emplace_back(plan_, "collectors." + name + ".every",
                         fmt::format("the collector \"{}\" cannot run every {}; write 1s or more",
                                     printable(name), format_duration(every)));
    }
  }
  if (!wrong.empty()) throw PlanErrors(std::move(wrong));
}

void Instance::add_states() {
  for (const auto& collector : exporter_->collectors()) {
    const std::string name(collector.name);
    const auto set = plan_.switches.find(name);
    if (!(set != plan_.switches.end() ? set->second : collector.on_by_default)) continue;
    const auto moved = plan_.intervals.find(name);
    const auto every = moved != plan_.intervals.end() ? moved->second : collector.schedule.every;
    auto lane = lanes_.end();
    if (!collector.lane.empty()) {
      lane = std::ranges::find(lanes_, collector.lane, &Lane::name);
    }
    auto& own = lane != lanes_.end() ? *lane : lanes_.emplace_back(*core_, collector.lane);
    states_.emplace_back(*this, own, collector, every);
  }
}

bool Instance::runs_as(const InstancePlan& other) const {
  // A factory cannot be compared; whoever uses one says with the settings what he means.
  return plan_.plugin == other.plugin && plan_.name == other.name &&
         plan_.timeout == other.timeout && plan_.max_series == other.max_series &&
         plan_.switches == other.switches && plan_.intervals == other.intervals &&
         plan_.settings == other.settings;
}

CollectorState* Instance::find(std::string_view collector) {
  const auto state = std::ranges::find_if(
      states_, [&](const auto& each) { return each.collector().name == collector; });
  return state == states_.end() ? nullptr : &*state;
}

bool Instance::knows(std::string_view collector) const {
  return std::ranges::any_of(exporter_->collectors(),
                             [&](const auto& each) { return each.name == collector; });
}

void Instance::start() {
  if (const auto failure = guarded([&] { exporter_->start(*host_); })) {
    core_->say(LogLevel::error, topic_, "cannot start: " + *failure);
    host_->note("start", "cannot start: " + *failure);
  }
}

void Instance::stop() noexcept {
  exporter_->stop();
  host_->close();
}

std::shared_ptr<const Page> Instance::summary(std::span<const CollectorResult> results) {
  auto page = std::make_shared<Page>();
  const auto failure = guarded([&] {
    exporter_->summarize(*page, results);
    page->seal();
  });
  {
    std::lock_guard guard(core_->mutex);
    if (failure && !summary_failing_) {
      core_->remember(LogLevel::warning, topic_, "the summary fails: " + *failure);
    }
    summary_failing_ = failure.has_value();
  }
  return failure || page->samples() == 0 ? nullptr : page;
}

void Instance::retire(MonoTime now) {
  retired_ = true;
  for (auto& state : states_) state.retire(now);
}

void Instance::set_target(const InstancePlan& plan, const std::string& node) {
  std::vector<std::pair<std::string, std::string>> labels = {
      {"job", plan.job.empty() ? std::string(plan.plugin->default_job) : plan.job},
      {"instance", plan.plugin->host_wide ? node : fmt::format("{}/{}", node, plan.name)},
      {"node", node}};
  labels.insert(labels.end(), plan.labels.begin(), plan.labels.end());
  if (target_ && target_->pairs() == labels) return;
  target_ = std::make_shared<expose::TargetLabels>(std::move(labels));
}

void Instance::note_cap(bool& biting, bool now_biting, std::string message) {
  if (biting == now_biting) return;
  biting = now_biting;
  core_->remember(now_biting ? LogLevel::warning : LogLevel::info, topic_, std::move(message));
}

void Instance::note_failure(const std::string& reason) {
  if (failing_ == !reason.empty()) return;
  failing_ = !failing_;
  if (failing_) {
    core_->remember(LogLevel::warning, topic_, "fails: " + reason);
  } else {
    core_->remember(LogLevel::info, topic_, "works again");
  }
}

}  // namespace basewatch::scrape
