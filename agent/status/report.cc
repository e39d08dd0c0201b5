#include "agent/status/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/base/strings.h"
#include "agent/status/remedy.h"

namespace basewatch::status {
namespace {

constexpr std::string_view kAgent = "agent";
constexpr Duration kUnasked = std::chrono::minutes(5);  // without a scrape: something is amiss

InstanceVerdict judge_instance(const scrape::InstanceStatus& instance) {
  InstanceVerdict out;
  for (const auto& collector : instance.collectors) {
    switch (collector.state) {
      case RunState::done:
        ++out.good;
        break;
      case RunState::absent:
        ++out.absent;
        break;
      case RunState::pending:
        ++out.pending;
        break;
      case RunState::failed:
      case RunState::stuck:
        ++out.bad;
        break;
    }
    out.series += collector.series;
  }
  if (out.bad > 0) {
    out.health = out.good + out.absent > 0 ? Health::degraded : Health::broken;
  } else if (out.good + out.absent > 0 || instance.collectors.empty()) {
    out.health = Health::fine;
  }
  return out;
}

// "cpu, stat and 3 more", or that it is all of them.
std::string names_of(const std::vector<const scrape::CollectorStatus*>& group, bool nothing_works) {
  constexpr std::size_t kNamed = 4;
  if (group.size() > kNamed && nothing_works) {
    return fmt::format("{} collectors, and none works", group.size());
  }
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < std::min(group.size(), kNamed); ++i) {
    names.push_back(group[i]->collector);
  }
  return group.size() > kNamed
             ? fmt::format("{} and {} more", join(names, ", "), group.size() - kNamed)
             : join(names, ", ");
}

void add_failures(const scrape::InstanceStatus& instance, const InstanceVerdict& verdict,
                  std::vector<Problem>& problems) {
  // Collectors that fail for one reason are one problem: a server that is down fails all of them.
  std::map<std::string, std::vector<const scrape::CollectorStatus*>> by_reason;
  std::vector<std::string> order;
  for (const auto& collector : instance.collectors) {
    if (!is_failure(collector.state)) continue;
    auto& group = by_reason[collector.reason];
    if (group.empty()) order.push_back(collector.reason);
    group.push_back(&collector);
  }
  for (const auto& reason : order) {
    const auto& group = by_reason[reason];
    Problem problem;
    problem.health = verdict.health;
    problem.instance = id_of(instance);
    problem.what =
        fmt::format("{}: {}", problem.instance,
                    names_of(group, verdict.good + verdict.absent + verdict.pending == 0));
    problem.reason = reason.empty() ? "no result" : without_secrets(reason);
    const auto& first = *group.front();
    problem.remedy = remedy(instance.exporter, first.collector, first.state, reason);
    for (const auto* collector : group) {
      if (!collector->failing_since) continue;
      problem.since =
          std::min(problem.since.value_or(*collector->failing_since), *collector->failing_since);
    }
    problems.push_back(std::move(problem));
  }
}

void add_reload(const Facts& facts, std::vector<Problem>& problems) {
  if (facts.config.errors.empty()) return;
  Problem problem;
  problem.what = "The last reload of the configuration was refused";
  problem.since = facts.config.tried;
  for (const auto& error : facts.config.errors) {
    problem.reason += (problem.reason.empty() ? "" : "\n") + without_secrets(error);
  }
  problem.remedy = fmt::format(
      "Correct the file, try it with `basewatch check --config {}`, then reload. Until then the "
      "agent "
      "goes on with the configuration it has; it would not start with this one.",
      facts.config.path);
  problems.push_back(std::move(problem));
}

// The last scrape of any instance that has collectors to run on a scrape.
std::optional<WallTime> last_asked(const Facts& facts) {
  std::optional<WallTime> out;
  for (const auto& instance : facts.instances) {
    if (instance.asked && (!out || *out < *instance.asked)) out = instance.asked;
  }
  return out;
}

void add_unasked(const Facts& facts, std::vector<Problem>& problems) {
  const auto asked = last_asked(facts);
  const auto since = asked.value_or(facts.started);
  if (facts.now - since < kUnasked) return;
  Problem problem;
  problem.what = "Nobody scrapes this agent";
  problem.reason = asked ? "Prometheus asked the last time " + format_utc(*asked) + "."
                         : "No scrape has come since the agent was started.";
  problem.remedy = fmt::format(
      "See the page Status, Targets of Prometheus. Its scrape configuration is in "
      "deploy/prometheus.yml; the agent listens on {}.",
      facts.listen);
  problem.since = since;
  problems.push_back(std::move(problem));
}

std::string headline_of(const Facts& facts, const Report& report) {
  std::vector<std::string> broken, degraded;
  std::size_t watched = 0;
  for (std::size_t i = 0; i < facts.instances.size(); ++i) {
    const auto health = report.instances[i].health;
    if (facts.instances[i].exporter != kAgent) ++watched;
    if (health == Health::broken) broken.push_back(id_of(facts.instances[i]));
    if (health == Health::degraded) degraded.push_back(id_of(facts.instances[i]));
  }
  if (!broken.empty()) {
    return fmt::format("{} {} broken", join(broken, ", "), broken.size() == 1 ? "is" : "are");
  }
  if (!degraded.empty()) {
    return fmt::format("{} {} in part", join(degraded, ", "),
                       degraded.size() == 1 ? "fails" : "fail");
  }
  if (!report.problems.empty()) return report.problems.front().what;
  if (report.health == Health::waiting) return "Not known yet: no scrape has come so far";
  return watched == 0 ? "The agent works; no instance is configured" : "Everything works";
}

}  // namespace

std::string_view name_of(Health health) {
  switch (health) {
    case Health::fine:
      return "fine";
    case Health::waiting:
      return "waiting";
    case Health::degraded:
      return "degraded";
    case Health::broken:
      return "broken";
  }
  return "";
}

bool is_failure(RunState state) {
  return state == RunState::failed || state == RunState::stuck;
}

std::string_view name_of(RunState state) {
  switch (state) {
    case RunState::done:
      return "ok";
    case RunState::absent:
      return "absent";
    case RunState::failed:
      return "failed";
    case RunState::stuck:
      return "stuck";
    case RunState::pending:
      return "pending";
  }
  return "";
}

std::string id_of(const scrape::InstanceStatus& instance) {
  return fmt::format("{}/{}", instance.exporter, instance.name);
}

Report judge(const Facts& facts) {
  Report report;
  bool any_fine = false;
  for (const auto& instance : facts.instances) {
    const auto& verdict = report.instances.emplace_back(judge_instance(instance));
    add_failures(instance, verdict, report.problems);
    report.health = std::max(report.health, verdict.health);
    any_fine = any_fine || verdict.health == Health::fine;
    report.notes += instance.notes.size();
  }
  add_reload(facts, report.problems);
  add_unasked(facts, report.problems);
  std::ranges::stable_sort(report.problems, std::ranges::greater(), &Problem::health);
  if (!report.problems.empty()) report.health = std::max(report.health, Health::degraded);
  if (report.health == Health::waiting && any_fine) report.health = Health::fine;
  report.headline = headline_of(facts, report);
  return report;
}

}  // namespace basewatch::status
