#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/commands/setup.h"
#include "agent/discover/discover.h"

namespace basewatch::commands {

// Where the host is to be looked at: where the node exporter looks, so that an agent in a container
// sees the host.
discover::Roots roots_of(const Setup& setup);

// One look, by a thread that is let go of when it takes longer than two seconds.
std::optional<discover::HostView> look_once(const Setup& setup);

// For a terminal: what was seen, with the lines to add.
std::string seen_text(const std::vector<discover::Seen>& seen);

}  // namespace basewatch::commands
