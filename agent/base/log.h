#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/line_writer.h"
#include "agent/base/log_level.h"

namespace basewatch {

// The agent's own log: logfmt lines in UTC on standard error, one per state change. A line that
// repeats word for word (time apart) is written once and then folded: the next different line of
// the same topic says how often it came. Whoever writes never waits for the reader of standard
// error: what it does not take is kept for it up to a bound, then counted and told of. Callable
// from any thread.
class Log {
 public:
  // Tests and `once` hand in their own sink; it is called under the log's lock.
  using Sink = void (*)(void* context, std::string_view line);
  explicit Log(Clock& clock, LogLevel least = LogLevel::info, Sink sink = nullptr,
               void* context = nullptr);

  // `topic` says who speaks: "config", "node/main", "postgres/main replication". Folding is per
  // topic.
  template <typename... Args>
  void info(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::info, topic, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::warning, topic, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::error, topic, fmt::format(format, std::forward<Args>(args)...));
  }

  void write(LogLevel level, std::string_view topic, std::string_view message);

  // For an orderly end: waits until all lines are out, at most so long (real time).
  void flush(Duration longest = std::chrono::seconds(1));

  // How many lines have been written, by level, and how many were lost.
  std::array<std::uint64_t, 4> lines() const;
  std::uint64_t lost() const;

 private:
  struct Last {
    std::string message;
    LogLevel level = LogLevel::info;
    std::uint64_t repeats = 0;
  };
  void emit(LogLevel level, std::string_view topic, std::string_view message);
  std::string line_of(LogLevel level, std::string_view topic, std::string_view message) const;
  void tell_of_loss();

  Clock& clock_;
  const LogLevel least_;
  const Sink sink_;
  void* const context_;
  const std::unique_ptr<LineWriter> writer_;  // without a sink
  mutable std::mutex mutex_;
  std::array<std::uint64_t, 4> lines_{};
  std::uint64_t refused_ = 0, refused_told_ = 0;
  std::map<std::string, Last, std::less<>> last_;  // by topic; topics are few and bounded below
};

}  // namespace basewatch
