// What network devices are and how they are set up: class/net, or the kernel's netlink.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kOptions[] = {
    {"collectors.netclass.ignored_devices", OptionType::regex, "^$",
     "Which network devices are left out."},
    {"collectors.netclass.ignore_invalid_speed", OptionType::flag, "false",
     "Leaves out node_network_speed_bytes where the speed is not known, instead of -125000."},
};

constexpr double kMegabit = 1000.0 * 1000 / 8;

class Netclass final : public NodeCollector {
 public:
  explicit Netclass(const Setup& setup)
      : path_(setup.sys("class/net")),
        devices_(setup.settings, "collectors.netclass.ignored_devices", {}),
        ignore_invalid_speed_(setup.settings.flag("collectors.netclass.ignore_invalid_speed")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto devices = SysFolder::open(path_);
    if (!devices) return absent("sysfs has no network devices");
    for (const auto& name : devices->names()) {
      if (!devices_.accepts(name)) continue;
      if (const auto device = devices->folder(name)) add(page, *device, name);
    }
    return done();
  }

 private:
  void add(Page& page, const SysFolder& device, std::string_view name) const {
    using namespace metrics::node;
    const auto state = device.text("operstate");
    const auto flags = device.integer("flags");
    if (!state && !flags) return;  // it has just gone
    page.add(network_up, state == "up" ? 1 : 0, name);
    const auto text = [&](std::string_view attribute) {
      return device.text(attribute).value_or("");
    };
    page.add(network_info, 1, name, text("address"), text("broadcast"), text("duplex"),
             state.value_or(""),
             !flags       ? "unknown"
             : *flags & 1 ? "up"
                          : "down",
             text("ifalias"));
    add_attributes(page, from_netclass, device, {name});
    const auto speed = device.integer("speed");
    if (speed && (*speed >= 0 || !ignore_invalid_speed_)) {
      page.add(network_speed_bytes, static_cast<double>(*speed) * kMegabit, name);
    }
  }

  std::string path_;
  NameFilter devices_;
  bool ignore_invalid_speed_;
};

}  // namespace

// The kernel takes the lock of all network devices for some attributes.
constinit const CollectorKind netclass_collector{"netclass", kOwnLane, true, kOptions,
                                                 create<Netclass>};

}  // namespace basewatch::node
