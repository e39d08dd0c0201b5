// PCI devices: what they are, their links, power states and virtual functions.
#include <fmt/format.h>

#include <array>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/pci.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kPcideviceOptions[] = {
    {"collectors.pcidevice.names", OptionType::flag, "false",
     "Adds the names that pci.ids has for the devices to node_pcidevice_info."},
    {"collectors.pcidevice.idsfile", OptionType::path, "",
     "The file pci.ids; empty: /usr/share/misc/pci.ids, else /usr/share/hwdata/pci.ids."},
};

constexpr std::string_view kIdsFiles[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
constexpr std::string_view kPowerStates[] = {"D0",     "D1",      "D2",   "D3hot",
                                             "D3cold", "unknown", "error"};

// "8.0 GT/s PCIe" -> transfers a second; -1 where there is no link.
double speed(const SysFolder& device, std::string_view attribute) {
  const auto text = device.text(attribute);
  if (!text || text->empty() || text->starts_with("Unknown")) return -1;
  const auto value = parse_number_attribute(text->substr(0, text->find(' ')));
  if (!value) device.fail(attribute, "'" + printable(*text, 40) + "' is no speed");
  return *value * 1e9;
}

double width(const SysFolder& device, std::string_view attribute) {
  const auto text = device.text(attribute);
  if (!text || text->empty() || text->starts_with("Unknown")) return -1;
  const auto value = parse_number_attribute(*text);
  if (!value) device.fail(attribute, "'" + printable(*text, 40) + "' is no width");
  return *value;
}

std::uint32_t id(const SysFolder& device, std::string_view attribute) {
  return static_cast<std::uint32_t>(device.whole(attribute).value_or(0));
}

class PciDevices final : public NodeCollector {
 public:
  explicit PciDevices(const Setup& setup)
      : path_(setup.sys("bus/pci/devices")),
        host_(setup.host),
        with_names_(setup.settings.flag("collectors.pcidevice.names")),
        ids_file_(setup.settings.text("collectors.pcidevice.idsfile")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto devices = SysFolder::open(path_);
    if (!devices) return absent("no PCI devices");
    const auto names = devices->names();
    if (with_names_) look_up_names(*devices, names);
    for (const auto& name : names) {
      // Where it is, as the link says it: ../../../devices/pci0000:00/0000:00:02.5/0000:04:00.0
      const auto target = devices->target(name).value_or(name);
      const auto slash = target.rfind('/');
      const auto place = parse_pci_location(std::string_view(target).substr(slash + 1));
      const auto device = place ? devices->folder(name) : std::nullopt;
      if (!device) continue;
      add_info(page, *device, *place, parent_of(std::string_view(target).substr(0, slash)));
      add_values(page, *device, *place);
    }
    return done();
  }

 private:
  // What it is behind: a bridge, or nothing but the root of the bus.
  static PciLocation parent_of(std::string_view path) {
    const auto parent = parse_pci_location(path.substr(path.rfind('/') + 1));
    return parent ? *parent : PciLocation{"*", "*", "*", "*"};
  }

  static PciId read_id(const SysFolder& device) {
    return {id(device, "class"),
            id(device, "vendor"),
            id(device, "device"),
            id(device, "subsystem_vendor"),
            id(device, "subsystem_device"),
            id(device, "revision")};
  }

  void add_info(Page& page, const SysFolder& device, const PciLocation& at,
                const PciLocation& parent) {
    const auto id = read_id(device);
    const auto known = names_.find(id);
    const auto names = known == names_.end() ? PciNames() : known->second;
    page.add(metrics::node::pcidevice_info, 1, at.segment, at.bus, at.device, at.function,
             parent.segment, parent.bus, parent.device, parent.function,
             fmt::format("0x{:06x}", id.class_id), fmt::format("0x{:04x}", id.vendor),
             fmt::format("0x{:04x}", id.device), fmt::format("0x{:04x}", id.subsystem_vendor),
             fmt::format("0x{:04x}", id.subsystem_device), fmt::format("0x{:02x}", id.revision),
             names.vendor, names.device, names.subsystem_vendor, names.subsystem_device,
             names.class_name);
  }

  static void add_values(Page& page, const SysFolder& device, const PciLocation& at) {
    using namespace metrics::node;
    const auto add = [&](const Metric<4>& metric, double value) {
      page.add(metric, value, at.segment, at.bus, at.device, at.function);
    };
    const auto flag = [&](std::string_view attribute) {
      return device.number(attribute).value_or(0) != 0 ? 1.0 : 0.0;
    };
    add(pcidevice_max_link_transfers_per_second, speed(device, "max_link_speed"));
    add(pcidevice_max_link_width, width(device, "max_link_width"));
    add(pcidevice_current_link_transfers_per_second, speed(device, "current_link_speed"));
    add(pcidevice_current_link_width, width(device, "current_link_width"));
    add(pcidevice_d3cold_allowed, flag("d3cold_allowed"));
    add(pcidevice_sriov_drivers_autoprobe, flag("sriov_drivers_autoprobe"));
    add(pcidevice_sriov_numvfs, device.number("sriov_numvfs").value_or(0));
    add(pcidevice_sriov_totalvfs, device.number("sriov_totalvfs").value_or(0));
    add(pcidevice_sriov_vf_total_msix, device.number("sriov_vf_total_msix").value_or(0));
    const auto node = device.number("numa_node").value_or(-1);
    if (node != -1) add(pcidevice_numa_node, node);
    const auto power = device.text("power_state");
    if (!power || power->empty()) return;
    for (const auto state : kPowerStates) {
      page.add(pcidevice_power_state, *power == state ? 1 : 0, at.segment, at.bus, at.device,
               at.function, state);
    }
  }

  // pci.ids is large, and hardly anybody plugs in a device: it is read when one turns up that was
  // not there before.
  void look_up_names(const SysFolder& devices, const std::vector<std::string>& names) {
    std::optional<Source> ids;
    std::optional<KeptFile> file;
    for (const auto& name : names) {
      const auto device = devices.folder(name);
      if (!device) continue;
      const auto id = read_id(*device);
      if (names_.contains(id)) continue;
      if (!file) ids = open_ids(file);
      if (!ids) return;
      names_.emplace(id, find_pci_names(ids->text, id));
    }
  }

  std::optional<Source> open_ids(std::optional<KeptFile>& file) {
    for (const auto candidate : kIdsFiles) {
      file.emplace(ids_file_.empty() ? std::string(candidate) : ids_file_);
      if (auto text = file->try_read()) {
        host_->note("pci.ids", "");
        return text;
      }
    }
    host_->note("pci.ids", "PCI devices have no names: cannot read " + file->path() +
                               ", install the package pci.ids or name the file in idsfile");
    return std::nullopt;
  }

  std::string path_;
  std::shared_ptr<HostLink> host_;
  bool with_names_;
  std::string ids_file_;
  std::map<PciId, PciNames> names_;
};

}  // namespace

constinit const CollectorKind pcidevice_collector{"pcidevice", kProcLane, false, kPcideviceOptions,
                                                  create<PciDevices>};

}  // namespace basewatch::node
