#include "agent/commands/request_counters.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "metrics/agent.h"

namespace basewatch::commands {
namespace {

// From a page out of memory to the longest scrape, in seconds.
const std::vector<double> kDurations = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                        0.1,   0.25,   0.5,   1,    2.5,   10};

}  // namespace

void RequestCounters::count(std::string_view endpoint, int status, Duration time) {
  prometheus::Histogram* durations = nullptr;
  prometheus::Counter* requests = nullptr;
  {
    std::lock_guard guard(mutex_);
    auto known = endpoints_.find(endpoint);
    if (known == endpoints_.end()) {
      auto& histogram = self_.histogram(metrics::agent::http_request_duration_seconds.spec(),
                                        kDurations, {endpoint});
      known = endpoints_.emplace(endpoint, Endpoint{&histogram, {}}).first;
    }
    durations = known->second.durations;
    auto& counter = known->second.by_status[status];
    if (!counter) {
      counter = &self_.counter(metrics::agent::http_requests_total.spec(),
                               {endpoint, std::to_string(status)});
    }
    requests = counter;
  }
  requests->Increment();
  durations->Observe(seconds(time));
}

}  // namespace basewatch::commands
