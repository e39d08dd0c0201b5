#pragma once

#include "agent/plugin/page.h"

namespace basewatch::scrape {

// What the agent itself costs.
struct ProcessUsage {
  double cpu_seconds = 0, threads = 0, virtual_bytes = 0, resident_bytes = 0, start_time = 0;
  double open_fds = 0, max_fds = 0, virtual_max_bytes = 0;
};

// From /proc/self and /proc/stat below `proc`. Throws where these cannot be read or are not what
// they should be.
ProcessUsage read_process(const std::string& proc = "/proc");

// The same as metrics, by the names of Prometheus' client libraries.
void add_process(Page& page, const std::string& proc = "/proc");

}  // namespace basewatch::scrape
