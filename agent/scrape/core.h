#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/scrape/engine.h"
#include "agent/scrape/found.h"

namespace basewatch::scrape {

// What all parts of one engine share: the lock that guards every state machine, the clock and a way
// to the log. Runs hold it by shared_ptr; a run that outlives the engine finds it closed and
// touches neither clock nor log, which may be gone.
class Core {
 public:
  Core(Clock& clock, Log& log, const Limits& limits) : clock(clock), limits(limits), log_(&log) {}

  Clock& clock;
  const Limits limits;
  std::mutex mutex;  // taken before none and after none of ours but voice_

  // The members below are guarded by `mutex`.
  bool closed = false;
  std::size_t abandoned_total = 0;                 // runs left behind by a reload, ever
  std::map<std::string, std::size_t> left_behind;  // those still going, by exporter/name/collector

  Found found;
  std::condition_variable found_changed;

  // Remembers a line; said by speak(), so that a log that blocks never blocks the lock.
  void remember(LogLevel level, const std::string& topic, std::string message) {
    lines_.push_back({level, topic, std::move(message)});
    has_lines_ = true;
  }
  // Without the lock: writes what was remembered, in order.
  void speak();
  void say(LogLevel level, std::string_view topic, std::string_view message);

  // The engine ends: nothing is logged from now on.
  void silence();

 private:
  struct Line {
    LogLevel level;
    std::string topic, message;
  };
  std::vector<Line> lines_;
  std::atomic<bool> has_lines_ = false;
  std::mutex voice_;  // guards log_; taken before `mutex`
  Log* log_;
};

}  // namespace basewatch::scrape
