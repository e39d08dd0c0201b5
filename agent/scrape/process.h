#pragma once

#include "agent/plugin/page.h"

namespace basewatch::scrape {

// What the agent itself costs, by the names of Prometheus' client libraries; from /proc/self and
// /proc/stat below `proc`. Throws where these cannot be read or are not what they should be.
void add_process(Page& page, const std::string& proc = "/proc");

}  // namespace basewatch::scrape
