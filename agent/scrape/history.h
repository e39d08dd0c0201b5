#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch::scrape {

// What one minute knows of a collector.
struct Minute {
  std::uint32_t runs = 0, failures = 0;
  Duration longest{};                 // of the runs that ended in it
  std::optional<std::size_t> series;  // of the last good one
};

// The last hour of one collector, a minute a slot, in memory of a fixed size. Minutes in which
// nothing happened are empty. Not thread-safe: guarded by whoever owns it.
class History {
 public:
  static constexpr std::size_t kMinutes = 60;

  // A run that ended at `now`; `series` of one that was good.
  void record(MonoTime now, Duration took, bool failed, std::optional<std::size_t> series);
  // A run that hung from `from` to `to`: every minute of it counts as one that failed.
  void record_hang(MonoTime started, MonoTime from, MonoTime to);

  // kMinutes of them, the oldest first; the last one is the one that `now` is in.
  std::vector<Minute> last_hour(MonoTime now) const;
  std::uint64_t failures() const { return failures_; }  // ever

 private:
  struct Slot {
    std::int64_t number = -1;  // of the minute, since the clock's beginning
    Minute minute;
  };
  Minute& at(std::int64_t number);

  std::array<Slot, kMinutes> slots_;
  std::uint64_t failures_ = 0;
};

}  // namespace basewatch::scrape
