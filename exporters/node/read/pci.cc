#include "exporters/node/read/pci.h"

#include <fmt/format.h>

#include "exporters/node/read/source.h"

namespace basewatch::node {
namespace {

// "1af4  Red Hat, Inc." -> the name, when the line is about this id.
std::optional<std::string_view> name_after(std::string_view line, std::string_view id) {
  if (!line.starts_with(id) || !line.substr(id.size()).starts_with("  ")) return std::nullopt;
  return trim(line.substr(id.size()));
}

// Goes through the lines of pci.ids and remembers which vendor, device or class it is inside of.
class Lookup {
 public:
  explicit Lookup(const PciId& id)
      : vendor_(fmt::format("{:04x}", id.vendor)),
        device_(fmt::format("{:04x}", id.device)),
        subsystem_vendor_(fmt::format("{:04x}", id.subsystem_vendor)),
        subsystem_device_(fmt::format("{:04x}", id.subsystem_device)),
        class_(fmt::format("{:06x}", id.class_id)),
        names_{vendor_, device_, subsystem_vendor_, subsystem_device_,
               "Unknown class (" + class_ + ")"} {}

  void take(std::string_view line) {
    if (line.empty() || line.front() == '#') return;
    const auto depth = line.find_first_not_of('\t');
    if (depth == line.npos || depth > 2) return;
    const auto rest = line.substr(depth);
    if (depth == 0) return begin(rest);
    if (is_in_class_) return take_class(rest, depth);
    if (is_in_vendor_) take_device(rest, depth);
  }

  PciNames names() { return std::move(names_); }

 private:
  static constexpr std::string_view kClass = "C ";

  void begin(std::string_view line) {
    is_in_device_ = is_in_subclass_ = is_in_vendor_ = is_in_class_ = false;
    if (line.starts_with(kClass)) {
      const auto name = name_after(line.substr(kClass.size()), class_.substr(0, 2));
      is_in_class_ = name.has_value();
      if (name) names_.class_name = *name;
      return;
    }
    if (const auto name = name_after(line, subsystem_vendor_)) names_.subsystem_vendor = *name;
    const auto name = name_after(line, vendor_);
    is_in_vendor_ = name.has_value();
    if (name) names_.vendor = *name;
  }

  void take_device(std::string_view line, std::size_t depth) {
    if (depth == 1) {
      const auto name = name_after(line, device_);
      is_in_device_ = name.has_value();
      if (name) names_.device = *name;
    } else if (is_in_device_) {
      const auto name = name_after(line, subsystem_vendor_ + " " + subsystem_device_);
      if (name) names_.subsystem_device = *name;
    }
  }

  void take_class(std::string_view line, std::size_t depth) {
    if (depth == 1) {
      const auto name = name_after(line, class_.substr(2, 2));
      is_in_subclass_ = name.has_value();
      if (name) names_.class_name = *name;
    } else if (is_in_subclass_) {
      if (const auto name = name_after(line, class_.substr(4, 2))) names_.class_name = *name;
    }
  }

  std::string vendor_, device_, subsystem_vendor_, subsystem_device_, class_;
  PciNames names_;
  bool is_in_vendor_ = false, is_in_device_ = false, is_in_class_ = false, is_in_subclass_ = false;
};

}  // namespace

std::optional<PciLocation> parse_pci_location(std::string_view text) {
  const auto colons = split(text, ':');
  if (colons.size() != 3) return std::nullopt;
  const auto dots = split(colons[2], '.');
  if (dots.size() != 2) return std::nullopt;
  const auto segment = parse_hex(colons[0]), bus = parse_hex(colons[1]);
  const auto device = parse_hex(dots[0]), function = parse_hex(dots[1]);
  if (!segment || !bus || !device || !function) return std::nullopt;
  return PciLocation{fmt::format("{:04x}", *segment), fmt::format("{:02x}", *bus),
                     fmt::format("{:02x}", *device), fmt::format("{:x}", *function)};
}

PciNames find_pci_names(std::string_view pci_ids, const PciId& id) {
  Lookup lookup(id);
  std::string_view line;
  while (next_line(pci_ids, line)) lookup.take(line);
  return lookup.names();
}

}  // namespace basewatch::node
