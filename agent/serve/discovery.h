#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/scrape/engine.h"

namespace basewatch::serve {

// The targets as Prometheus' http_sd reads them: one for each instance but the agent itself, which
// is a static target so that its absence is seen.
std::string discovery_json(std::span<const scrape::Target> targets, std::string_view scheme,
                           std::string_view address);

// Whether a Host header can be handed out again: an address or a name, perhaps with a port.
bool is_host(std::string_view text);

}  // namespace basewatch::serve
