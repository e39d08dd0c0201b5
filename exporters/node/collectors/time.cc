// The clock of the system, its zone, and what it is driven by.
#include <chrono>
#include <ctime>
#include <string_view>

#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Time final : public NodeCollector {
 public:
  explicit Time(const Setup& setup) : folder_(setup.sys("devices/system/clocksource")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    page.add(metrics::node::time_seconds, std::chrono::duration<double>(now).count());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    const auto whole = static_cast<std::time_t>(seconds);
    tm local{};
    localtime_r(&whole, &local);
    // tm_zone would point into the C library's memory, which another thread may be at.
    char zone[64];
    const auto length = std::strftime(zone, sizeof zone, "%Z", &local);
    page.add(metrics::node::time_zone_offset_seconds, static_cast<double>(local.tm_gmtoff),
             std::string_view(zone, length));
    if (sources_.empty()) scan();
    try {
      add_sources(page);
    } catch (const ReadError&) {
      sources_.clear();  // found anew at the next scrape
      throw;
    }
    return done();
  }

 private:
  struct ClockSource {
    KeptFile available, current;
  };

  void scan() {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return;
    for (const auto& name : folder->names()) {
      if (!name.starts_with("clocksource")) continue;
      const auto path = folder->path_of(name);
      sources_.push_back(
          {KeptFile(path + "/available_clocksource"), KeptFile(path + "/current_clocksource")});
    }
  }

  void add_sources(Page& page) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const NumberLabel device(i);
      auto names = trim(sources_[i].available.read().text);
      while (true) {
        const auto name = next_word(names);
        if (name.empty()) break;
        page.add(metrics::node::time_clocksource_available_info, 1, device, name);
      }
      page.add(metrics::node::time_clocksource_current_info, 1, device,
               trim(sources_[i].current.read().text));
    }
  }

  std::string folder_;
  std::vector<ClockSource> sources_;
};

}  // namespace

constinit const CollectorKind time_collector{"time", kProcLane, true, {}, create<Time>};

}  // namespace basewatch::node
