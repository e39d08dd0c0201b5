#include "agent/base/log.h"

#include <unistd.h>

#include "agent/base/strings.h"

namespace basewatch {
namespace {

constexpr std::size_t kMaxTopics = 4096;

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text, 2000)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Log::Log(Clock& clock, LogLevel least, Sink sink, void* context)
    : clock_(clock), least_(least), sink_(sink), context_(context), output_(STDERR_FILENO) {}

void Log::write(LogLevel level, std::string_view topic, std::string_view message) {
  if (level < least_) return;
  std::lock_guard guard(mutex_);
  if (last_.size() >= kMaxTopics) last_.clear();
  auto& last = last_[std::string(topic)];
  if (last.message == message && last.level == level) {
    ++last.repeats;
    return;
  }
  if (last.repeats > 0) {
    emit(last.level, topic, fmt::format("{} (repeated {} times)", last.message, last.repeats));
  }
  last = {std::string(message), level, 0};
  emit(level, topic, message);
}

void Log::emit(LogLevel level, std::string_view topic, std::string_view message) {
  const auto line = fmt::format("time={} level={} topic={} msg={}\n", format_utc(clock_.wall_now()),
                                level_name(level), quoted(topic), quoted(message));
  if (sink_) {
    sink_(context_, line);
  } else {
    if (const auto lost = output_.write(line)) {
      output_.write(
          fmt::format("time={} level=warning topic=\"log\" msg=\"{} lines were lost: whoever "
                      "reads standard error did not keep up\"\n",
                      format_utc(clock_.wall_now()), lost));
    }
  }
}

}  // namespace basewatch
