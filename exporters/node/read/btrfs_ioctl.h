#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exporters/node/read/mounts.h"

namespace basewatch::node {

// A device as its btrfs knows it.
struct BtrfsDevice {
  std::string name;  // "sda", without the folder
  std::string uuid;
  std::uint64_t total_bytes = 0, used_bytes = 0;
  std::uint64_t errors[5] = {};  // write, read, flush, corruption, generation
};

// Asks every btrfs among the mounts, by ioctl on where it is mounted below `root`; by the file
// system's uuid, hexadecimal digits alone. One that cannot be asked is left out. Waits as long as
// the kernel does.
std::map<std::string, std::vector<BtrfsDevice>> ask_btrfs(const std::vector<Mount>& mounts,
                                                          const std::string& root);

}  // namespace basewatch::node
