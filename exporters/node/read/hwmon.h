#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace basewatch::node {

// The parts of the name of a sensor's attribute: "temp1_crit_alarm" is of the type "temp", of the
// sensor "temp1" and its property "crit_alarm"; "beep_enable" is of the sensor "beep_enable0".
struct SensorAttribute {
  std::string_view type;
  std::string sensor;
  std::string_view property;  // a part of the name that was parsed
};

// Nothing for what is no attribute of a sensor.
std::optional<SensorAttribute> parse_sensor_attribute(std::string_view name);

// A text as a part of a metric's name or of a chip's: in small letters, what is no letter, digit,
// ':' or '_' as '_', and none of these at its ends.
std::string clean_hwmon_name(std::string_view text);

// What a sensor's value becomes: its metric is node_hwmon_<field>.
struct SensorMetric {
  std::string field;
  double value = 0;
  bool is_energy = false;  // counted, as node_hwmon_<field>_joule_total
};

// The metric of a property in sysfs' units. `has_bare`: there is a property without a name beside
// it, which is the value itself ("pwm1"). Frequencies are no business of this.
SensorMetric sensor_metric(std::string_view type, std::string_view property, bool has_bare,
                           double value);

}  // namespace basewatch::node
