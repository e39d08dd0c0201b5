#include "exporters/node/read/cpu_topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace basewatch::node {

void CpuTopology::refresh(const std::vector<CpuTimes>& running) {
  const bool same = std::ranges::equal(running, running_, {}, &CpuTimes::cpu);
  if (same && !is_stale_) return;
  running_.clear();
  for (const auto& times : running) running_.push_back(times.cpu);
  scan();
  is_stale_ = false;
}

void CpuTopology::scan() {
  present_.clear();
  cores_.clear();
  packages_.clear();
  online_.reset();
  std::error_code error;  // no such folder: no such processors
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const auto name = entry.path().filename().native();
    const auto number = name.starts_with("cpu") ? parse_uint(name.substr(3)) : std::nullopt;
    if (number && *number < 65536) present_.push_back(static_cast<int>(*number));
  }
  std::ranges::sort(present_);
  for (const auto cpu : present_) scan_cpu(cpu);

  KeptFile isolated(folder_ + "/isolated");
  const auto list = isolated.try_read();
  isolated_ = list ? parse_cpu_list(*list) : std::vector<int>{};

  // One file tells of all processors; but where the first has none of its own, as on most x86, none
  // can be switched off, and node_exporter says nothing.
  if (!present_.empty() &&
      std::filesystem::exists(fmt::format("{}/cpu{}/online", folder_, present_.front()), error)) {
    online_.emplace(folder_ + "/online");
  }
}

void CpuTopology::scan_cpu(int cpu) {
  const auto number = [&](std::string_view name) {
    KeptFile file(fmt::format("{}/cpu{}/{}", folder_, cpu, name));
    return read_number(file);
  };
  const auto package = number("topology/physical_package_id");
  const auto core = number("topology/core_id");
  if (!package || !core) return;
  // The first processor of a core, and of a package, that has the file speaks for all of it.
  const auto add = [&](std::vector<Throttle>& list, std::uint64_t the_core, std::string_view name) {
    if (std::ranges::any_of(list, [&](const Throttle& known) {
          return known.package == *package && known.core == the_core;
        })) {
      return;
    }
    KeptFile file(fmt::format("{}/cpu{}/thermal_throttle/{}", folder_, cpu, name));
    if (read_number(file)) list.push_back({*package, the_core, std::move(file)});
  };
  add(cores_, *core, "core_throttle_count");
  add(packages_, 0, "package_throttle_count");
}

std::optional<double> CpuTopology::counter(KeptFile& file) {
  const auto count = read_number(file);
  if (!count) {
    is_stale_ = true;  // its processor was switched off; another one of the core may speak for it
    return std::nullopt;
  }
  return static_cast<double>(*count);
}

std::optional<std::vector<int>> CpuTopology::read_online() {
  if (!online_) return std::nullopt;
  const auto list = online_->try_read();
  return list ? std::optional(parse_cpu_list(*list)) : std::nullopt;
}

}  // namespace basewatch::node
