#include "exporters/node/read/hwmon.h"

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kTypes[] = {
    "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
    "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> candidates) {
  return std::ranges::find(candidates, text) != candidates.end();
}

}  // namespace

std::optional<SensorAttribute> parse_sensor_attribute(std::string_view name) {
  const auto digits = std::min(name.find_first_of("0123456789"), name.size());
  const auto* type = std::ranges::find(kTypes, name.substr(0, digits));
  if (type == std::end(kTypes)) return std::nullopt;
  const auto end = std::min(name.find_first_not_of("0123456789", digits), name.size());
  const auto number = end == digits ? 0 : parse_uint(name.substr(digits, end - digits));
  auto property = name.substr(end);
  if (!number || (!property.empty() && (property.front() != '_' || property.size() == 1))) {
    return std::nullopt;
  }
  if (!property.empty()) property.remove_prefix(1);
  return SensorAttribute{*type, std::string(*type) + std::to_string(*number), property};
}

std::string clean_hwmon_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_continuation = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':') {
      name += c;
    } else if (c >= 'A' && c <= 'Z') {
      name += static_cast<char>(c - 'A' + 'a');
    } else if (!is_continuation) {  // one for a character, whatever its length
      name += '_';
    }
  }
  const auto begin = name.find_first_not_of('_');
  if (begin == name.npos) return "";
  return name.substr(begin, name.find_last_not_of('_') - begin + 1);
}

SensorMetric sensor_metric(std::string_view type, std::string_view property, bool has_bare,
                           double value) {
  SensorMetric metric{std::string(type), value};
  if (property == "input") {
    if (has_bare) metric.field += "_input";
  } else if (!property.empty()) {
    metric.field.append("_").append(clean_hwmon_name(property));
  }
  const auto in = [&](std::string_view unit, double scaled) {
    metric.field += unit;
    metric.value = scaled;
    return metric;
  };
  if (is_one_of(property, {"fault", "alarm"})) return metric;
  if (property == "beep") return in("_enabled", value);
  if (is_one_of(type, {"in", "cpu"})) return in("_volts", value * 0.001);
  if (type == "temp" && property != "type") return in("_celsius", value * 0.001);
  if (type == "curr") return in("_amps", value * 0.001);
  if (type == "energy") {
    metric.is_energy = true;
    return in("", value / 1000000.0);
  }
  if (type == "power" && property == "accuracy") return in("", value / 1000000.0);
  if (type == "power" && property.starts_with("average_interval")) {
    return in("_seconds", value * 0.001);
  }
  if (type == "power") return in("_watt", value / 1000000.0);
  if (type == "humidity") return in("", value / 1000000.0);
  if (type == "fan" && is_one_of(property, {"input", "min", "max", "target"})) {
    return in("_rpm", value);
  }
  return metric;
}

}  // namespace basewatch::node
