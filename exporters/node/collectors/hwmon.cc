// Sensors of the hardware: temperatures, fans, voltages (class/hwmon, what lm-sensors shows).
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/hwmon.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kHwmonOptions[] = {
    {"collectors.hwmon.chip_include", OptionType::regex, "",
     "Which chips are looked at; empty: all that are not left out."},
    {"collectors.hwmon.chip_exclude", OptionType::regex, "", "Which chips are left out."},
    {"collectors.hwmon.sensor_include", OptionType::regex, "",
     "Which sensors are looked at, as chip;sensor; empty: all that are not left out."},
    {"collectors.hwmon.sensor_exclude", OptionType::regex, "",
     "Which sensors are left out, as chip;sensor (platform_coretemp_0;temp3)."},
};

struct Reading {
  std::string_view type;
  std::string sensor, property, text;
};

// The readings of a folder; of two that are called the same the later one counts, so folders are
// read in the order of the peer.
void read_sensors(const SysFolder& folder, std::vector<Reading>& readings) {
  for (const auto& name : folder.names()) {
    const auto attribute = parse_sensor_attribute(name);
    if (!attribute) continue;
    // Some drivers answer EAGAIN forever, or ENODATA: there is no reading then.
    auto text = folder.text(name);
    if (!text) continue;
    readings.push_back(
        {attribute->type, attribute->sensor, std::string(attribute->property), std::move(*text)});
  }
}

// The last two parts of a path, "platform/coretemp.0" -> "platform_coretemp_0".
std::string name_of_device(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return clean_hwmon_name(path);
  const auto name = clean_hwmon_name(path.substr(slash + 1));
  path = path.substr(0, slash);
  const auto type = clean_hwmon_name(path.substr(path.rfind('/') + 1));
  return type.empty() || name.empty() ? name : type + "_" + name;
}

class Hwmon final : public NodeCollector {
 public:
  explicit Hwmon(const Setup& setup)
      : path_(setup.sys("class/hwmon")),
        chips_(setup.settings, "collectors.hwmon.chip_exclude", "collectors.hwmon.chip_include"),
        sensors_(setup.settings, "collectors.hwmon.sensor_exclude",
                 "collectors.hwmon.sensor_include") {}

  Outcome run(Page& page, const Deadline&) override {
    const auto all = SysFolder::open(path_);
    if (!all) return absent("no sensors");
    for (const auto& name : all->names()) {
      if (const auto folder = all->folder(name)) add_chip(page, *folder);
    }
    return done();
  }

 private:
  void add_chip(Page& page, const SysFolder& folder) const {
    const auto device = folder.folder("device");
    const auto own_name = clean_hwmon_name(folder.text("name").value_or(""));
    // The number of a hwmon folder changes with the order in which drivers are loaded, the place of
    // the device does not.
    auto chip = device ? name_of_device(device->real_path()) : "";
    if (chip.empty()) chip = own_name;
    if (chip.empty()) {
      const auto path = folder.real_path();
      chip = clean_hwmon_name(path.substr(path.rfind('/') + 1));
    }
    if (chip.empty() || !chips_.accepts(chip)) return;

    std::vector<Reading> readings;
    read_sensors(folder, readings);
    if (device) read_sensors(*device, readings);
    if (!own_name.empty()) page.add(metrics::node::hwmon_chip_names, 1, chip, own_name);
    std::ranges::stable_sort(readings, {}, [](const Reading& reading) {
      return std::pair<std::string_view, std::string_view>(reading.sensor, reading.property);
    });
    for (auto at = readings.begin(); at != readings.end();) {
      const auto end = std::find_if(
          at, readings.end(), [&](const Reading& other) { return other.sensor != at->sensor; });
      if (sensors_.accepts(chip + ";" + at->sensor)) add_sensor(page, chip, {at, end});
      at = end;
    }
  }

  // The readings of one sensor, in order of property.
  static void add_sensor(Page& page, std::string_view chip, std::span<const Reading> readings) {
    const auto& [type, sensor, first, bare] = readings.front();
    const auto label = std::ranges::find(readings, "label", &Reading::property);
    const bool has_label = label != readings.end();
    if (has_label) page.add(metrics::node::hwmon_sensor_label, 1, chip, sensor, label->text);
    const std::string_view value = first.empty() ? std::string_view(bare) : "";
    if (type == "beep_enable") {
      page.add(metrics::node::hwmon, "beep_enabled", value == "1" ? 1 : 0, chip, sensor);
    } else if (type == "vrm") {
      add_number(page, "voltage_regulator_version", value, 1, chip, sensor);
    } else if (type == "update_interval") {
      add_number(page, "update_interval_seconds", value, 0.001, chip, sensor);
    } else {
      for (std::size_t i = 0; i < readings.size(); ++i) {
        const bool is_replaced =
            i + 1 < readings.size() && readings[i + 1].property == readings[i].property;
        if (is_replaced || readings[i].property == "label") continue;
        add_property(page, chip, readings[i], first.empty(),
                     has_label ? clean_hwmon_name(label->text) : "");
      }
    }
  }

  static void add_number(Page& page, std::string_view field, std::string_view text, double factor,
                         std::string_view chip, std::string_view sensor) {
    const auto number = parse_double(text);
    if (number) page.add(metrics::node::hwmon, field, *number * factor, chip, sensor);
  }

  static void add_property(Page& page, std::string_view chip, const Reading& reading, bool has_bare,
                           const std::string& label) {
    const auto number = parse_double(reading.text);
    if (!number) return;  // "N/A": this sensor has nothing to say
    auto [field, value, is_energy] =
        sensor_metric(reading.type, reading.property, has_bare, *number);
    if (reading.type == "freq" && reading.property == "input") {
      // The clock of a GPU, which is known by its label.
      if (label.empty()) return;
      page.add(metrics::node::hwmon, field + "_freq_mhz", value / 1000000.0, chip, label);
    } else if (is_energy) {
      page.add(metrics::node::hwmon_joule_total, field, value, chip, reading.sensor);
    } else {
      page.add(metrics::node::hwmon, field, value, chip, reading.sensor);
    }
  }

  std::string path_;
  NameFilter chips_, sensors_;
};

}  // namespace

// Sensors are asked over slow buses, disks wake up for it.
constinit const CollectorKind hwmon_collector{"hwmon", kOwnLane, true, kHwmonOptions,
                                              create<Hwmon>};

}  // namespace basewatch::node
