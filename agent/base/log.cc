#include "agent/base/log.h"

#include <unistd.h>

#include <cstdio>

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
    : clock_(clock),
      least_(least),
      sink_(sink),
      context_(context),
      writer_(sink ? nullptr : std::make_unique<LineWriter>(STDERR_FILENO)) {}

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
  ++lines_[static_cast<std::size_t>(level)];
  const auto line = line_of(level, topic, message);
  if (sink_) return sink_(context_, line);
  tell_of_loss();
  if (!writer_->write(line)) ++refused_;
}

std::string Log::line_of(LogLevel level, std::string_view topic, std::string_view message) const {
  return fmt::format("time={} level={} topic={} msg={}\n", format_utc(clock_.wall_now()),
                     level_name(level), quoted(topic), quoted(message));
}

void Log::tell_of_loss() {
  if (refused_ == refused_told_) return;
  const auto note = fmt::format("{} lines of this log were lost: nobody read standard error",
                                refused_ - refused_told_);
  if (writer_->write(line_of(LogLevel::warning, "log", note))) refused_told_ = refused_;
}

void Log::flush(Duration longest) {
  if (!writer_ || !writer_->flush(longest)) return;
  {
    std::lock_guard guard(mutex_);
    tell_of_loss();  // there is room now
  }
  writer_->flush(longest);
}

std::array<std::uint64_t, 4> Log::lines() const {
  std::lock_guard guard(mutex_);
  return lines_;
}

std::uint64_t Log::lost() const {
  std::lock_guard guard(mutex_);
  return refused_ + (writer_ ? writer_->failed() : 0);
}

}  // namespace basewatch
