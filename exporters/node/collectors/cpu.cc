// The processors' times of /proc/stat, and what sysfs and /proc/cpuinfo know about them.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/cpu.h"
#include "exporters/node/read/cpu_topology.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kCpuOptions[] = {
    {"collectors.cpu.guest", OptionType::flag, "true", "Adds node_cpu_guest_seconds_total."},
    {"collectors.cpu.info", OptionType::flag, "false",
     "Adds node_cpu_info, and node_cpu_frequency_hertz if the collector cpufreq is on."},
    {"collectors.cpu.info_flags_include", OptionType::regex, "",
     "Adds node_cpu_flag_info for the features that match, and switches info on."},
    {"collectors.cpu.info_bugs_include", OptionType::regex, "",
     "Adds node_cpu_bug_info for the hardware bugs that match, and switches info on."},
};

// An idle time that falls by more than this is a processor that was taken out and put back: its
// counters begin anew. Smaller steps back are the kernel's own inaccuracy, and are held at the top.
constexpr double kReset = 3;

// Never lets a time fall below what was reported before.
void hold_back(CpuTimes& now, const std::vector<CpuTimes>& before) {
  const auto old = std::ranges::lower_bound(before, now.cpu, {}, &CpuTimes::cpu);
  if (old == before.end() || old->cpu != now.cpu) return;
  if (old->seconds[idle] - now.seconds[idle] >= kReset) return;
  for (int i = 0; i < kCpuTimes; ++i) now.seconds[i] = std::max(now.seconds[i], old->seconds[i]);
}

class Cpu final : public NodeCollector {
 public:
  explicit Cpu(const Setup& setup)
      : stat_(setup.stat),
        info_(setup.proc("cpuinfo")),
        topology_(setup.sys("devices/system/cpu")),
        flags_(setup.settings, {}, "collectors.cpu.info_flags_include"),
        bugs_(setup.settings, {}, "collectors.cpu.info_bugs_include"),
        with_guest_(setup.settings.flag("collectors.cpu.guest")),
        with_flags_(!setup.settings.text("collectors.cpu.info_flags_include").empty()),
        with_bugs_(!setup.settings.text("collectors.cpu.info_bugs_include").empty()),
        with_info_(setup.settings.flag("collectors.cpu.info") || with_flags_ || with_bugs_),
        with_frequency_(setup.is_on("cpufreq")) {}

  Outcome run(Page& page, const Deadline&) override {
    if (with_info_) add_info(page);
    read_times();
    add_times(page);
    add_topology(page);
    return done();
  }

 private:
  void read_times() {
    stat_->read(kCpuReader, [&](const Source& source) { parse_cpu_times(source, fresh_); });
    for (auto& times : fresh_) hold_back(times, times_);
    std::swap(times_, fresh_);  // a processor that is off has no line, and no series any more
  }

  void add_times(Page& page) const {
    constexpr std::pair<CpuTime, std::string_view> kModes[] = {
        {user, "user"},     {nice, "nice"}, {system, "system"},   {idle, "idle"},
        {iowait, "iowait"}, {irq, "irq"},   {softirq, "softirq"}, {steal, "steal"}};
    for (const auto& [cpu, seconds] : times_) {
      const NumberLabel number(cpu);
      for (const auto& [time, mode] : kModes) {
        page.add(metrics::node::cpu_seconds_total, seconds[time], number, mode);
      }
    }
    if (!with_guest_) return;
    for (const auto& [cpu, seconds] : times_) {
      const NumberLabel number(cpu);
      page.add(metrics::node::cpu_guest_seconds_total, seconds[guest], number, "user");
      page.add(metrics::node::cpu_guest_seconds_total, seconds[guest_nice], number, "nice");
    }
  }

  void add_topology(Page& page) {
    topology_.refresh(times_);
    for (const auto cpu : topology_.isolated()) {
      page.add(metrics::node::cpu_isolated, 1, NumberLabel(cpu));
    }
    topology_.each_core_throttle([&](auto package, auto core, double count) {
      page.add(metrics::node::cpu_core_throttles_total, count, NumberLabel(package),
               NumberLabel(core));
    });
    topology_.each_package_throttle([&](auto package, double count) {
      page.add(metrics::node::cpu_package_throttles_total, count, NumberLabel(package));
    });
    topology_.each_online([&](auto cpu, bool is_online) {
      page.add(metrics::node::cpu_online, is_online ? 1 : 0, NumberLabel(cpu));
    });
  }

  void add_info(Page& page) {
    const auto cpus = parse_cpu_info(info_.read());
    for (const auto& cpu : cpus) {
      page.add(metrics::node::cpu_info, 1, cpu.package, cpu.core, NumberLabel(cpu.processor),
               cpu.vendor, cpu.family, cpu.model, cpu.model_name, cpu.microcode, cpu.stepping,
               cpu.cache_size);
    }
    for (const auto& cpu : cpus) {
      if (!with_frequency_) break;
      page.add(metrics::node::cpu_frequency_hertz, cpu.mhz * 1e6, cpu.package, cpu.core,
               NumberLabel(cpu.processor));
    }
    if (cpus.empty()) return;
    if (with_flags_) add_words(page, metrics::node::cpu_flag_info, cpus.front().flags, flags_);
    if (with_bugs_) add_words(page, metrics::node::cpu_bug_info, cpus.front().bugs, bugs_);
  }

  static void add_words(Page& page, const Metric<1>& metric, std::string_view words,
                        const NameFilter& filter) {
    while (true) {
      const auto word = next_word(words);
      if (word.empty()) return;
      if (filter.accepts(word)) page.add(metric, 1, word);
    }
  }

  std::shared_ptr<SharedFile> stat_;
  KeptFile info_;
  CpuTopology topology_;
  NameFilter flags_, bugs_;
  bool with_guest_, with_flags_, with_bugs_, with_info_, with_frequency_;
  std::vector<CpuTimes> times_, fresh_;
};

}  // namespace

constinit const CollectorKind cpu_collector{"cpu", kProcLane, true, kCpuOptions, create<Cpu>};

}  // namespace basewatch::node
