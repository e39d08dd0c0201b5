#include "agent/scrape/history.h"

#include <algorithm>

namespace basewatch::scrape {
namespace {

std::int64_t number_of(MonoTime time) {
  return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
}

std::size_t index_of(std::int64_t number) {
  constexpr auto kMinutes = static_cast<std::int64_t>(History::kMinutes);
  return static_cast<std::size_t>(((number % kMinutes) + kMinutes) % kMinutes);
}

}  // namespace

Minute& History::at(std::int64_t number) {
  auto& slot = slots_[index_of(number)];
  if (slot.number != number) slot = {number, {}};
  return slot.minute;
}

void History::record(MonoTime now, Duration took, bool failed, std::optional<std::size_t> series) {
  auto& minute = at(number_of(now));
  ++minute.runs;
  if (failed) {
    ++minute.failures;
    ++failures_;
  }
  minute.longest = std::max(minute.longest, took);
  if (series) minute.series = series;
}

void History::record_hang(MonoTime started, MonoTime from, MonoTime to) {
  const auto last = number_of(to);
  const auto first = std::max(number_of(from), last - static_cast<std::int64_t>(kMinutes) + 1);
  for (auto number = first; number <= last; ++number) {
    auto& minute = at(number);
    if (minute.failures > 0) continue;
    ++minute.runs;
    ++minute.failures;
    const auto end = std::min(to, MonoTime(std::chrono::minutes(number + 1)));
    minute.longest = std::max<Duration>(minute.longest, end - started);
  }
}

std::vector<Minute> History::last_hour(MonoTime now) const {
  std::vector<Minute> out(kMinutes);
  const auto first = number_of(now) - static_cast<std::int64_t>(kMinutes) + 1;
  for (std::size_t i = 0; i < kMinutes; ++i) {
    const auto number = first + static_cast<std::int64_t>(i);
    const auto& slot = slots_[index_of(number)];
    if (slot.number == number) out[i] = slot.minute;
  }
  return out;
}

}  // namespace basewatch::scrape
