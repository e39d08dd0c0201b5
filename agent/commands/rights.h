#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/scrape/engine.h"

namespace basewatch::commands {

// What this process may do, as the kernel sees it.
struct Rights {
  unsigned user = 0;
  std::uint64_t capabilities = 0;  // effective, a bit each

  static Rights of_this_process();
  bool may_read_all() const;             // CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE
  bool may_look_into_processes() const;  // CAP_SYS_PTRACE
};

// Which group or capability would let us read `path`, in words; empty when it can be read, or is
// not there. Looks at the folders on the way, too.
std::string what_opens(const std::string& path);

// What the results show that the agent could not read for want of a right, a sentence each.
std::vector<std::string> closed_to_us(const std::vector<scrape::InstanceResult>& results);

}  // namespace basewatch::commands
