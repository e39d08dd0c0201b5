#include "exporters/node/read/cpu.h"

#include <fmt/format.h>

#include <optional>

namespace basewatch::node {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ: what the kernel shows to programs, everywhere
constexpr int kMaxCpus = 65536;          // above CONFIG_NR_CPUS of any kernel

// "cpu12" -> 12; nothing for the sum line "cpu" and for other keys.
std::optional<int> cpu_number(std::string_view key) {
  if (!key.starts_with("cpu")) return std::nullopt;
  const auto number = parse_uint(key.substr(3));
  if (!number || *number >= kMaxCpus) return std::nullopt;
  return static_cast<int>(*number);
}

int cpu_in_list(const Source& source, std::string_view word) {
  const auto number = source.whole(word);
  if (number >= kMaxCpus) source.fail(word, fmt::format("there is no CPU {}", number));
  return static_cast<int>(number);
}

}  // namespace

void parse_cpu_times(const Source& stat, std::vector<CpuTimes>& out) {
  out.clear();
  for_each_row(stat, [&](std::string_view key, std::string_view rest) {
    if (!key.starts_with("cpu")) return false;  // they stand in front; what follows is long
    const auto cpu = cpu_number(key);
    if (!cpu) return true;
    auto& times = out.emplace_back();
    times.cpu = *cpu;
    for (auto& seconds : times.seconds) {
      const auto word = next_word(rest);
      if (word.empty()) break;
      seconds = static_cast<double>(stat.whole(word)) / kTicksPerSecond;
    }
    return true;
  });
}

std::vector<int> parse_cpu_list(const Source& list) {
  std::vector<int> cpus;
  const auto text = trim(list.text);
  if (text.empty()) return cpus;
  for (const auto part : split(text, ',')) {
    if (part.empty()) continue;
    const auto dash = part.find('-');
    const int first = cpu_in_list(list, part.substr(0, dash));
    const int last =
        dash == std::string_view::npos ? first : cpu_in_list(list, part.substr(dash + 1));
    if (cpus.size() + static_cast<std::size_t>(std::max(0, last - first)) > kMaxCpus) {
      list.fail(part, "the list names more CPUs than there can be");
    }
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

namespace {

void set_field(CpuInfo& cpu, std::string_view name, std::string_view value, const Source& source) {
  if (name == "vendor_id" || name == "vendor") cpu.vendor = value;
  if (name == "cpu family") cpu.family = value;
  if (name == "model") cpu.model = value;
  if (name == "model name") cpu.model_name = value;
  if (name == "microcode") cpu.microcode = value;
  if (name == "stepping") cpu.stepping = value;
  if (name == "cache size") cpu.cache_size = value;
  if (name == "physical id") cpu.package = value;
  if (name == "core id") cpu.core = value;
  if (name == "cpu MHz") cpu.mhz = source.number(value);
  if (name == "flags" || name == "Features") cpu.flags = value;  // x86, arm
  if (name == "bugs") cpu.bugs = value;
}

}  // namespace

std::vector<CpuInfo> parse_cpu_info(const Source& cpuinfo) {
  std::vector<CpuInfo> cpus;
  std::string_view rest = cpuinfo.text, line;
  while (next_line(rest, line)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (name == "processor") {
      if (cpus.size() >= kMaxCpus) cpuinfo.fail(line, "there are too many processors");
      cpus.emplace_back().processor = static_cast<unsigned>(cpuinfo.whole(value));
    } else if (!cpus.empty()) {
      set_field(cpus.back(), name, value, cpuinfo);
    }
  }
  return cpus;
}

}  // namespace basewatch::node
