// The parsers of the node exporter for devices: sysfs attributes, netlink's devices, /proc/mdstat,
// /proc/drbd, pci.ids. The first byte of the input picks one, the rest is its text. They may refuse
// anything with a ReadError that says something; they must not do anything else.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "exporters/node/read/bcache.h"
#include "exporters/node/read/drbd.h"
#include "exporters/node/read/hwmon.h"
#include "exporters/node/read/link_info.h"
#include "exporters/node/read/mdstat.h"
#include "exporters/node/read/nvme_name.h"
#include "exporters/node/read/pci.h"
#include "exporters/node/read/sysfs.h"
#include "exporters/node/read/vulnerability.h"

namespace {

using namespace basewatch;
using namespace basewatch::node;

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_numbers(std::string_view text) {
  const auto whole = parse_whole_attribute(text);
  const auto number = parse_number_attribute(text);
  if (whole) expect(number == static_cast<double>(*whole));
  if (number) expect(std::isfinite(*number));
  if (parse_integer_attribute(text)) expect(number.has_value());
  if (const auto value = parse_bcache_number(text)) expect(std::isfinite(*value));
}

void check_hwmon(std::string_view text) {
  const auto attribute = parse_sensor_attribute(text);
  if (!attribute) return;
  expect(attribute->sensor.starts_with(attribute->type));
  // A sensor's name is one that can be parsed again, as the same.
  const auto again = parse_sensor_attribute(attribute->sensor);
  expect(again && again->sensor == attribute->sensor && again->property.empty());
  const auto metric = sensor_metric(attribute->type, attribute->property, false, 1);
  expect(metric.field.starts_with(attribute->type));
}

void check_clean_name(std::string_view text) {
  const auto name = clean_hwmon_name(text);
  expect(name == clean_hwmon_name(name));
  expect(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789:_") == name.npos);
}

void check_link(std::string_view text) {
  constexpr std::uint16_t kNewLink = 16;
  parse_link_info({kNewLink, text});
  expect(!link_state(text.empty() ? 0 : static_cast<std::uint8_t>(text[0])).empty());
  parse_link_speed(text);
}

void check_mdstat(std::string_view text) {
  for (const auto& array : parse_mdstat(text)) {
    expect(!array.name.empty() && !array.state.empty());
  }
}

void check_drbd(std::string_view text) {
  for_each_drbd_pair(text, [](std::string_view device, std::string_view key, std::string_view) {
    expect(!device.empty() && key.find(':') == key.npos);
  });
}

void check_pci(std::string_view text) {
  const auto names = find_pci_names(text, {0x010802, 0x1af4, 0x1000, 0x1028, 0x0001, 1});
  expect(!names.vendor.empty() || text.find("1af4") != text.npos);
  if (const auto place = parse_pci_location(text)) expect(!place->function.empty());
}

void parse(char which, std::string_view text) {
  switch (which) {
    case 'n':
      return check_numbers(text);
    case 'h':
      return check_hwmon(text);
    case 'c':
      return check_clean_name(text);
    case 'l':
      return check_link(text);
    case 'm':
      return check_mdstat(text);
    case 'd':
      return check_drbd(text);
    case 'p':
      return check_pci(text);
    case 'v':
      expect(!parse_vulnerability(text).state.empty());
      return;
    default:
      expect(nvme_namespace_id(text).size() <= text.size());
      expect(!is_nvme_controller(text) || nvme_namespace_id(text).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of its own size: the sanitizer sees every byte that is read beyond it.
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    parse(static_cast<char>(data[0]), text);
  } catch (const ReadError& error) {
    if (std::strlen(error.what()) == 0) std::abort();
  }
  return 0;
}
