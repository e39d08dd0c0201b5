#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// Where a PCI device is: "0000:00:02.1", in four parts of hexadecimal digits.
struct PciLocation {
  std::string segment, bus, device, function;
};
std::optional<PciLocation> parse_pci_location(std::string_view text);

// What a PCI device calls itself.
struct PciId {
  std::uint32_t class_id = 0, vendor = 0, device = 0, subsystem_vendor = 0, subsystem_device = 0;
  std::uint32_t revision = 0;
  auto operator<=>(const PciId&) const = default;
};

// What people call it; the number where there is no name.
struct PciNames {
  std::string vendor, device, subsystem_vendor, subsystem_device, class_name;
};

// Looks a device up in a file pci.ids, which may be any text: what it does not know it does not
// name.
PciNames find_pci_names(std::string_view pci_ids, const PciId& id);

}  // namespace basewatch::node
