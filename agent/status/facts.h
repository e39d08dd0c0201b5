#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/discover/discover.h"
#include "agent/scrape/engine.h"
#include "agent/scrape/process.h"

namespace basewatch::status {

// How the agent last got its configuration.
struct ConfigFacts {
  std::string path;                   // empty: it runs without a file
  WallTime tried{};                   // the last time that it was read
  WallTime taken{};                   // the last time that it was taken over
  std::vector<std::string> errors;    // of the last try; empty when it was taken over
  std::vector<std::string> warnings;  // of the one in force
};

// All that the status page and its JSON tell, gathered without waiting for anybody.
struct Facts {
  WallTime now{}, started{};
  std::string node, listen;
  ConfigFacts config;
  std::vector<scrape::InstanceStatus> instances;  // the agent's own last
  std::optional<scrape::ProcessUsage> usage;
  std::vector<discover::Seen> seen;
  std::optional<WallTime> looked;    // when; empty before the first look around has ended
  std::size_t closed_processes = 0;  // whose sockets the agent may not see
  std::uint64_t log_lines_lost = 0;
};

}  // namespace basewatch::status
