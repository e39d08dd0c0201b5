#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

// What procfs and sysfs tell about processors.
namespace basewatch::node {

// The ten times of a CPU, in the order of /proc/stat.
enum CpuTime {
  user,
  nice,
  system,
  idle,
  iowait,
  irq,
  softirq,
  steal,
  guest,
  guest_nice,
  kCpuTimes
};

struct CpuTimes {
  int cpu = 0;
  std::array<double, kCpuTimes> seconds{};  // what an old kernel does not count is 0
};

// The lines "cpu<n> ..." of /proc/stat, put into `out`, whose memory is used again.
void parse_cpu_times(const Source& stat, std::vector<CpuTimes>& out);

// "1,3-5,9" of /sys/devices/system/cpu/{isolated,online}. A list that would name more CPUs than any
// kernel can have is an error.
std::vector<int> parse_cpu_list(const Source& list);

// One processor of /proc/cpuinfo; views into the text, empty where the machine does not say.
struct CpuInfo {
  unsigned processor = 0;
  double mhz = 0;
  std::string_view package, core, vendor, family, model, model_name, microcode, stepping,
      cache_size;
  std::string_view flags, bugs;  // words separated by blanks
};
std::vector<CpuInfo> parse_cpu_info(const Source& cpuinfo);

}  // namespace basewatch::node
