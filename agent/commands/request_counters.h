#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/self.h"

namespace basewatch::commands {

// Counts the requests that were answered, and how long that took. What it counts with is looked up
// once: doing so for every request cost more than parsing it. Any thread.
class RequestCounters {
 public:
  explicit RequestCounters(Self& self) : self_(self) {}

  // Of a fixed set of endpoints.
  void count(std::string_view endpoint, int status, Duration time);

 private:
  struct Endpoint {
    prometheus::Histogram* durations;
    std::map<int, prometheus::Counter*> by_status;
  };

  Self& self_;
  std::mutex mutex_;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
};

}  // namespace basewatch::commands
