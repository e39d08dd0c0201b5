#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// A RAID array of /proc/mdstat. The views point into the text that was parsed, or last forever.
struct MdArray {
  std::string_view name;
  std::string_view state;  // active, inactive, recovering, resync, check, reshape
  std::uint64_t required = 0, active = 0, failed = 0, spare = 0;  // disks
  std::uint64_t blocks = 0, synced = 0;
};

std::vector<MdArray> parse_mdstat(const Source& mdstat);

}  // namespace basewatch::node
