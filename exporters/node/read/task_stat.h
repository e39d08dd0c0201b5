#pragma once

#include <cstdint>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// A part of /proc/<pid>/stat.
struct TaskStat {
  unsigned char state = 0;  // its letter: R, S, D ...
  std::uint64_t threads = 0;
};

TaskStat parse_task_stat(const Source& stat);

}  // namespace basewatch::node
