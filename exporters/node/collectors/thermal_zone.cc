// Temperatures of thermal zones, and the devices that cool them.
#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class ThermalZone final : public NodeCollector {
 public:
  explicit ThermalZone(const Setup& setup) : path_(setup.sys("class/thermal")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto thermal = SysFolder::open(path_);
    for (const auto& name : thermal ? thermal->names() : std::vector<std::string>()) {
      const auto zone = number_after(name, "thermal_zone");
      const auto cooling = number_after(name, "cooling_device");
      const auto folder = zone || cooling ? thermal->folder(name) : std::nullopt;
      const auto type = folder ? folder->text("type") : std::nullopt;
      if (!type) continue;
      zone ? add_zone(page, *folder, *zone, *type) : add_cooling(page, *folder, *cooling, *type);
    }
    return done();
  }

 private:
  static std::optional<std::string_view> number_after(std::string_view name,
                                                      std::string_view prefix) {
    if (!name.starts_with(prefix) || !parse_uint(name.substr(prefix.size()))) return std::nullopt;
    return name.substr(prefix.size());
  }

  static void add_zone(Page& page, const SysFolder& folder, std::string_view zone,
                       std::string_view type) {
    // A zone that is switched off, or whose sensor sleeps, answers with an error.
    if (const auto temperature = folder.number("temp")) {
      page.add(metrics::node::thermal_zone_temp, *temperature / 1000.0, zone, type);
    }
  }

  static void add_cooling(Page& page, const SysFolder& folder, std::string_view name,
                          std::string_view type) {
    const auto current = folder.number("cur_state"), most = folder.number("max_state");
    if (!current || !most) return;
    page.add(metrics::node::cooling_device_cur_state, *current, name, type);
    page.add(metrics::node::cooling_device_max_state, *most, name, type);
  }

  std::string path_;
};

}  // namespace

// Sensors may be asked over slow buses, or by the firmware.
constinit const CollectorKind thermal_zone_collector{
    "thermal_zone", kOwnLane, true, {}, create<ThermalZone>};

}  // namespace basewatch::node
