#include "exporters/postgres/instance.h"

#include <fmt/format.h>

namespace basewatch::postgres {

void InstanceState::reached(bool ok, const std::string& shown, const std::string& reason) {
  up_ = ok;
  ++(ok ? connects_ : failures_);
  bool changed = false;
  {
    std::lock_guard guard(mutex_);
    changed = failure_ != reason;
    failure_ = reason;
  }
  if (changed) host.note("server", ok ? "" : fmt::format("{}: {}", shown, reason));
}

void InstanceState::note(std::string_view topic, const std::string& message) {
  {
    std::lock_guard guard(mutex_);
    auto& told = notes_[std::string(topic)];
    if (told == message) return;
    told = message;
  }
  host.note(std::string(topic), message);
}

void InstanceState::truncated(std::string_view collector, std::int64_t most) {
  bool first = false;
  {
    std::lock_guard guard(mutex_);
    first = ++truncations_[std::string(collector)] == 1;
  }
  if (!first) return;
  host.log(LogLevel::warning,
           fmt::format("{}: the query yields more than {} rows; the rest is left out (counted in "
                       "basewatch_postgres_truncated_results_total)",
                       collector, most));
}

std::map<std::string, double> InstanceState::truncations() const {
  std::lock_guard guard(mutex_);
  return truncations_;
}

void InstanceState::absent_for_peer(std::string_view collector, bool success) {
  std::lock_guard guard(mutex_);
  if (success) {
    good_absent_.emplace(collector);
  } else {
    good_absent_.erase(std::string(collector));
  }
}

bool InstanceState::peer_success_when_absent(std::string_view collector) const {
  std::lock_guard guard(mutex_);
  return good_absent_.contains(collector);
}

}  // namespace basewatch::postgres
