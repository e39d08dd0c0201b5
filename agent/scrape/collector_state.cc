#include "agent/scrape/collector_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/scrape/core.h"
#include "agent/scrape/instance.h"
#include "agent/scrape/ticket.h"

namespace basewatch::scrape {
namespace {

constexpr Duration kLongestBackgroundRun = std::chrono::seconds(30);
constexpr int kServedIntervals = 3;               // how long a background result is good for
constexpr std::size_t kMostLeftBehind = 2;        // runs of one collector that reloads abandoned
constexpr std::size_t kMostDuplicatesLogged = 8;  // different ones, per collector

}  // namespace

CollectorState::CollectorState(Instance& instance, Lane& lane, const Collector& collector,
                               Duration every)
    : instance_(instance),
      core_(instance.core()),
      lane_(lane),
      collector_(collector),
      every_(every) {}

// A single collector may fill the cap of its instance; one that does more fails by itself, so that
// it does not push out the others.
PageLimits CollectorState::page_limits() const {
  PageLimits limits;
  limits.samples = std::min(limits.samples, instance_.max_series());
  return limits;
}

void CollectorState::ask(Ticket& ticket, std::size_t slot, MonoTime until, bool in_place,
                         MonoTime now, Jobs& jobs) {
  if (background() && !in_place) return ticket.answer(slot, look(now));
  expire(now);
  if (stuck() || (phase_ == Phase::idle && reusable(now))) return ticket.answer(slot, look(now));
  if (until <= now) return ticket.answer(slot, give_up(ticket, now));
  if (phase_ == Phase::idle) {
    if (auto reason = refusal()) {
      fail(std::move(*reason), now);
      return ticket.answer(slot, look(now));
    }
    enqueue(until, true, jobs);
  } else if (phase_ == Phase::queued) {
    deadline_ = std::max(deadline_, until);
  }
  waiters_.emplace_back(&ticket, slot);
}

bool CollectorState::reusable(MonoTime now) const {
  return last_ && last_->state != RunState::failed && now - last_->ended < core_.limits.reuse;
}

// Why no run may be started, if so.
std::optional<std::string> CollectorState::refusal() const {
  if (instance_.retired()) return "the instance was removed by a reload";
  if (const auto* holder = lane_.holder(); holder && holder->stuck()) return why_queued();
  if (core_.left_behind.empty()) return std::nullopt;
  const auto left = core_.left_behind.find(key());
  if (left != core_.left_behind.end() && left->second >= kMostLeftBehind) {
    return fmt::format("{} runs from before the last reloads still hang", left->second);
  }
  return std::nullopt;
}

void CollectorState::enqueue(MonoTime deadline, bool awaited, Jobs& jobs) {
  phase_ = Phase::queued;
  stuck_ = false;
  awaited_ = awaited;
  deadline_ = deadline;
  if (lane_.push(*this)) jobs.push_back(instance_.job(lane_));
}

Report CollectorState::look(MonoTime now) const {
  Report report;
  auto& result = report.result;
  result.collector = collector_.name;
  const auto& source = background() ? good_ : last_;
  const bool too_old = background() && good_ && now - good_->ended > kServedIntervals * every_;
  if (source && source->page && !too_old && (background() || !stuck())) report.page = source->page;

  if (stuck()) {
    result.state = RunState::stuck;
    result.duration = now - started_;
    result.reason = "still running since " + time_of_day(started_wall_);
  } else if (last_) {
    result.state = last_->state;
    result.duration = last_->duration;
    result.reason = last_->reason;
    if (last_->state == RunState::done && too_old) {
      result.state = RunState::failed;
      result.reason = fmt::format("the last result is older than {} intervals of {}",
                                  kServedIntervals, format_duration(every_));
    }
  } else {
    result.reason = phase_ == Phase::running ? "runs for the first time" : "has not run yet";
  }
  if (report.page) {
    result.age = now - source->ended;
    result.series = report.page->samples();
  }
  return report;
}

CollectorStatus CollectorState::status(MonoTime now) const {
  CollectorStatus out;
  static_cast<CollectorResult&>(out) = look(now).result;
  out.every = every_;
  out.ended = ended_wall_;
  out.worked = worked_wall_;
  if (failing_) out.failing_since = failing_since_;
  auto history = history_;
  if (stuck()) history.record_hang(started_, deadline_, now);
  out.last_hour = history.last_hour(now);
  return out;
}

Report CollectorState::give_up(Ticket& ticket, MonoTime now) {
  std::erase_if(waiters_, [&](const auto& waiter) { return waiter.first == &ticket; });
  Report report;
  report.result.collector = collector_.name;
  report.result.state = RunState::failed;
  if (phase_ == Phase::running) {
    report.result.duration = now - started_;
    report.result.reason =
        "not finished in time for this scrape: running since " + time_of_day(started_wall_);
  } else {
    report.result.reason = phase_ == Phase::queued ? why_queued() : "there was no time to run it";
  }
  return report;
}

std::string CollectorState::why_queued() const {
  if (const auto* holder = lane_.holder()) {
    return fmt::format("not started: the collector {} holds the lane {} since {}",
                       holder->collector().name, lane_.name(), time_of_day(holder->started_wall()));
  }
  return "not started: no thread was free in time";
}

void CollectorState::expire(MonoTime now) {
  if (phase_ == Phase::idle || stuck() || deadline_ > now) return;
  if (phase_ == Phase::queued) {
    auto reason = why_queued();
    lane_.remove(*this);
    phase_ = Phase::idle;
    return fail(std::move(reason), now);
  }
  stuck_ = true;
  history_.record(now, now - started_, true, std::nullopt);
  if (instance_.retired()) leave_behind();
  note_health(RunState::stuck, look(now).result.reason);
  answer_all(now);
}

MonoTime CollectorState::tick(MonoTime now, Jobs& jobs) {
  expire(now);
  if (due_ <= now) {
    if (phase_ == Phase::idle) {
      if (auto reason = refusal()) {
        fail(std::move(*reason), now);
      } else {
        const auto longest = instance_.timeout().value_or(kLongestBackgroundRun);
        enqueue(now + std::min(every_, longest), false, jobs);
      }
    }
    due_ += ((now - due_) / every_ + 1) * every_;  // rounds that were missed are not made up for
  }
  return std::min(due_, deadline());
}

MonoTime CollectorState::deadline() const {
  return phase_ == Phase::idle || stuck() ? MonoTime::max() : deadline_;
}

Deadline CollectorState::begin() {
  phase_ = Phase::running;
  started_ = core_.clock.now();
  started_wall_ = core_.clock.wall_now();
  return {core_.clock, deadline_};
}

void CollectorState::finish(RunEnd& end) {
  const auto now = core_.clock.now();
  const bool hung = stuck_;
  end.duration = now - started_;
  end.ended = now;
  if (stuck_ || deadline_ <= now) {
    end.page = nullptr;
    end.state = RunState::failed;
    end.reason = fmt::format("took {}, longer than the {} it had", format_duration(end.duration),
                             format_duration(deadline_ - started_));
  }
  if (left_behind_) {
    const auto left = core_.left_behind.find(key());
    if (--left->second == 0) core_.left_behind.erase(left);
    left_behind_ = false;
  }
  phase_ = Phase::idle;
  stuck_ = false;
  if (end.page && end.page->duplicates() > 0) note_duplicates(*end.page);
  note_health(end.state, end.reason, end.of_instance);
  if (hung) {
    history_.record_hang(started_, deadline_, now);
  } else {
    history_.record(now, end.duration, end.state == RunState::failed,
                    end.page ? std::optional(end.page->samples()) : std::nullopt);
  }
  if (background() && end.state != RunState::failed) good_ = end;
  std::optional<RunEnd> before = std::exchange(last_, end);
  end = before ? std::move(*before) : RunEnd();
  answer_all(now);
}

void CollectorState::fail(std::string reason, MonoTime now) {
  note_health(RunState::failed, reason);
  history_.record(now, {}, true, std::nullopt);
  last_ = RunEnd{RunState::failed, std::move(reason), false, nullptr, {}, now};
  answer_all(now);
}

void CollectorState::answer_all(MonoTime now) {
  for (const auto& [ticket, slot] : std::exchange(waiters_, {})) ticket->answer(slot, look(now));
}

void CollectorState::retire(MonoTime now) {
  expire(now);
  if (phase_ == Phase::queued) {
    lane_.remove(*this);
    phase_ = Phase::idle;
    last_ = RunEnd{RunState::failed, *refusal(), false, nullptr, {}, now};
    answer_all(now);
  } else if (phase_ == Phase::running && (stuck_ || waiters_.empty())) {
    leave_behind();
  }
}

void CollectorState::leave_behind() {
  if (left_behind_) return;
  left_behind_ = true;
  ++core_.left_behind[key()];
  ++core_.abandoned_total;
}

std::string CollectorState::key() const {
  return fmt::format("{}/{}", instance_.topic(), collector_.name);
}

// One line when it begins to fail and one when it works again; what is absent is not worth a line,
// and what fails with its whole instance is told by that.
void CollectorState::note_health(RunState state, const std::string& reason, bool of_instance) {
  const auto wall = core_.clock.wall_now();
  if (state != RunState::stuck) ended_wall_ = wall;
  if (state == RunState::done) worked_wall_ = wall;
  if (instance_.retired()) return;
  const bool failing = state == RunState::failed || state == RunState::stuck;
  const bool quiet = failing && of_instance;
  if (failing && !failing_) failing_since_ = wall;
  if (quiet) {
    instance_.note_failure(reason);
  } else if (failing && (!failing_ || quiet_)) {
    core_.remember(LogLevel::warning, instance_.topic(),
                   fmt::format("collector {} fails: {}", collector_.name, reason));
  } else if (!failing && quiet_) {
    instance_.note_failure("");
  } else if (failing_ && state == RunState::done) {
    core_.remember(LogLevel::info, instance_.topic(),
                   fmt::format("collector {} works again", collector_.name));
  }
  failing_ = failing;
  quiet_ = quiet;
}

void CollectorState::note_duplicates(const Page& page) {
  instance_.count_duplicates(page.duplicates());
  if (logged_duplicates_.size() >= kMostDuplicatesLogged) return;
  auto first = page.first_duplicate();
  if (!logged_duplicates_.insert(first).second) return;
  core_.remember(LogLevel::warning, instance_.topic(),
                 fmt::format("collector {}: {} duplicate series left out, the first is {}",
                             collector_.name, page.duplicates(), printable(first)));
}

}  // namespace basewatch::scrape
