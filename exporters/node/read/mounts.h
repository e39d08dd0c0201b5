#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// One line of /proc/<pid>/mountinfo.
struct Mount {
  std::string device;      // as the kernel writes it, its escapes kept: so does node_exporter
  std::string mountpoint;  // the escapes \040 \011 \012 \043 \134 undone
  std::string type;
  std::string major, minor;
  std::string super_options;  // of the file system, as the kernel writes them
  bool is_read_only = false;  // by the mount, or by its superblock
};

std::vector<Mount> parse_mounts(const Source& mountinfo);

// A path as the host sees it: without the prefix under which its root is mounted into a container.
std::string_view strip_root(std::string_view path, std::string_view root);

}  // namespace basewatch::node
