#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/log.h"

namespace basewatch::serve {

// What clients do wrong, in the log: of each kind the first at once, then at most one line a minute
// that says how many there were in between. Whoever knocks cannot fill a disk. Any thread; clock
// and log outlive it.
class Complaints {
 public:
  Complaints(Log& log, Clock& clock) : log_(log), clock_(clock) {}

  // `kind` is one of few; `message` may hold what a client sent, made printable.
  void add(std::string_view kind, std::string_view message) {
    std::uint64_t more = 0;
    {
      std::lock_guard guard(mutex_);
      auto& last = last_[std::string(kind)];
      if (last.told && clock_.now() < last.at + std::chrono::minutes(1)) {
        ++last.more;
        return;
      }
      more = last.more;
      last = {true, clock_.now(), 0};
    }
    log_.warning("http", "{}{}", message,
                 more == 0 ? "" : fmt::format(" (and {} like it since the last line)", more));
  }

 private:
  struct Last {
    bool told = false;
    MonoTime at{};
    std::uint64_t more = 0;
  };
  Log& log_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Last> last_;
};

}  // namespace basewatch::serve
