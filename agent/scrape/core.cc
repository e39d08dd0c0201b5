#include "agent/scrape/core.h"

#include <utility>

namespace basewatch::scrape {

void Core::speak() {
  if (!has_lines_) return;
  std::lock_guard voice(voice_);
  std::vector<Line> lines;
  {
    std::lock_guard guard(mutex);
    lines = std::exchange(lines_, {});
  }
  if (log_) {
    for (const auto& line : lines) log_->write(line.level, line.topic, line.message);
  }
  // Only now: whoever comes meanwhile waits, and finds them said when he goes on.
  std::lock_guard guard(mutex);
  has_lines_ = !lines_.empty();
}

void Core::say(LogLevel level, std::string_view topic, std::string_view message) {
  std::lock_guard voice(voice_);
  if (log_) log_->write(level, topic, message);
}

void Core::silence() {
  std::lock_guard voice(voice_);
  log_ = nullptr;
}

}  // namespace basewatch::scrape
