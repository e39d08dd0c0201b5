// The clock rates of the processors, and who chooses them.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "exporters/node/read/cpu.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

double from_kilohertz(double value) {
  return value * 1000;
}

class Cpufreq final : public NodeCollector {
 public:
  explicit Cpufreq(const Setup& setup) : path_(setup.sys("devices/system/cpu")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto cpus = SysFolder::open(path_);
    if (!cpus) return absent("sysfs has no processors");
    const auto offline = cpus->text("offline");
    const auto without = offline ? parse_cpu_list(*offline) : std::vector<int>();
    for (const auto& name : cpus->names()) {
      if (!name.starts_with("cpu")) continue;
      const auto cpu = std::string_view(name).substr(3);
      const auto number = parse_uint(cpu);
      if (!number || std::ranges::find(without, static_cast<int>(*number)) != without.end()) {
        continue;
      }
      if (const auto frequencies = cpus->folder(name + "/cpufreq")) add(page, *frequencies, cpu);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& folder, std::string_view cpu) {
    // Asks the hardware, and is for root alone.
    if (const auto current = folder.number("cpuinfo_cur_freq")) {
      page.add(metrics::node::cpu_frequency_hertz, from_kilohertz(*current), "", "", cpu);
    }
    add_attributes(page, metrics::node::from_cpufreq, folder, {cpu}, from_kilohertz);
    const auto governor = folder.text("scaling_governor");
    const auto available = folder.text("scaling_available_governors");
    if (!governor || governor->empty() || !available) return;
    for (const auto candidate : split(*available, ' ')) {
      page.add(metrics::node::cpu_scaling_governor, candidate == *governor ? 1 : 0, cpu, candidate);
    }
  }

  std::string path_;
};

}  // namespace

// Some drivers make the reader wait 10 ms for each processor.
constinit const CollectorKind cpufreq_collector{"cpufreq", kOwnLane, true, {}, create<Cpufreq>};

}  // namespace basewatch::node
