#pragma once

#include <string>
#include <vector>

#include "exporters/node/read/cpu.h"
#include "exporters/node/read/kept_file.h"

namespace basewatch::node {

// What /sys/devices/system/cpu knows beside the times: which processors are isolated or online, and
// how often cores and packages were slowed down. Which files there are is found out once, and again
// when the set of running processors changes or a file goes; a scrape reads only the counters.
// One thread at a time.
class CpuTopology {
 public:
  explicit CpuTopology(std::string folder) : folder_(std::move(folder)) {}

  // `running`: the processors of /proc/stat.
  void refresh(const std::vector<CpuTimes>& running);

  const std::vector<int>& isolated() const { return isolated_; }

  // visit(package, core, count), once for the threads of a core.
  template <typename Visit>
  void each_core_throttle(Visit&& visit) {
    for (auto& [package, core, file] : cores_) {
      if (const auto count = counter(file)) visit(package, core, *count);
    }
  }
  // visit(package, count)
  template <typename Visit>
  void each_package_throttle(Visit&& visit) {
    for (auto& [package, core, file] : packages_) {
      if (const auto count = counter(file)) visit(package, *count);
    }
  }
  // visit(cpu, is_online); nothing where processors cannot be switched off.
  template <typename Visit>
  void each_online(Visit&& visit) {
    const auto online = read_online();
    if (!online) return;
    for (const auto cpu : present_) {
      visit(cpu, std::ranges::find(*online, cpu) != online->end());
    }
  }

 private:
  struct Throttle {
    std::uint64_t package, core;
    KeptFile file;
  };
  void scan();
  void scan_cpu(int cpu);
  std::optional<double> counter(KeptFile& file);
  std::optional<std::vector<int>> read_online();

  std::string folder_;
  bool is_stale_ = true;
  std::vector<int> running_, present_, isolated_;
  std::vector<Throttle> cores_, packages_;
  std::optional<KeptFile> online_;
};

}  // namespace basewatch::node
