// What network devices are and how they are set up: class/net, or the kernel's netlink.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "exporters/node/link_counters.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/link_info.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kNetclassOptions[] = {
    {"collectors.netclass.ignored_devices", OptionType::regex, "^$",
     "Which network devices are left out."},
    {"collectors.netclass.ignore_invalid_speed", OptionType::flag, "false",
     "Leaves out node_network_speed_bytes where the speed is not known, instead of -125000."},
    {"collectors.netclass.netlink", OptionType::flag, "false",
     "Asks by netlink, which costs less where there are many devices; false reads "
     "<sysfs>/class/net."},
    {"collectors.netclass.rtnl_with_stats", OptionType::flag, "false",
     "With netlink: adds the devices' counters, as netdev has them with enable_detailed_metrics."},
};

constexpr double kMegabit = 1000.0 * 1000 / 8;

class Netclass final : public NodeCollector {
 public:
  explicit Netclass(const Setup& setup)
      : path_(setup.sys("class/net")),
        devices_(setup.settings, "collectors.netclass.ignored_devices", {}),
        ignore_invalid_speed_(setup.settings.flag("collectors.netclass.ignore_invalid_speed")),
        by_netlink_(setup.settings.flag("collectors.netclass.netlink")),
        with_counters_(setup.settings.flag("collectors.netclass.rtnl_with_stats")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    return by_netlink_ ? run_by_netlink(page, deadline) : run_by_sysfs(page);
  }

 private:
  Outcome run_by_sysfs(Page& page) const {
    const auto devices = SysFolder::open(path_);
    if (!devices) return absent("sysfs has no network devices");
    for (const auto& name : devices->names()) {
      if (!devices_.accepts(name)) continue;
      if (const auto device = devices->folder(name)) add(page, *device, name);
    }
    return done();
  }

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
    if (flags) page.add(network_flags, static_cast<double>(*flags), name);
    add_attributes(page, from_netclass, device, {name});
    const auto speed = device.integer("speed");
    if (speed && (*speed >= 0 || !ignore_invalid_speed_)) {
      page.add(network_speed_bytes, static_cast<double>(*speed) * kMegabit, name);
    }
  }

  Outcome run_by_netlink(Page& page, const Deadline& deadline) {
    const auto speeds = links_.speeds(deadline);
    for (const auto& link : links_.list(deadline)) {
      if (!devices_.accepts(link.name)) continue;
      const auto speed = speeds.find(link.name);
      add(page, link, speed == speeds.end() ? LinkSpeed() : speed->second);
      if (!with_counters_ || !link.stats) continue;
      for (const auto& row : kDetailedCounters) {
        page.add(metrics::node::network_total, row.field,
                 static_cast<double>(sum(row, *link.stats)), link.name);
      }
    }
    return done();
  }

  void add(Page& page, const LinkInfo& link, const LinkSpeed& speed) const {
    using namespace metrics::node;
    const auto state = link_state(link.state);
    page.add(network_up, state == "up" ? 1 : 0, link.name);
    page.add(network_info, 1, link.name, link.address, link.broadcast, speed.duplex, state, "",
             link.alias);
    for (const auto& name : link.other_names) page.add(network_altnames_info, 1, name, link.name);
    if (speed.megabits >= 0) page.add(network_speed_bytes, speed.megabits * kMegabit, link.name);

    const auto add = [&](const Metric<1>& metric, std::optional<double> value) {
      if (value) page.add(metric, *value, link.name);
    };
    add(network_carrier, link.carrier);
    add(network_carrier_changes_total, link.carrier_changes);
    add(network_carrier_up_changes_total, link.carrier_up);
    add(network_carrier_down_changes_total, link.carrier_down);
    add(network_flags, link.flags);
    add(network_iface_id, link.index);
    add(network_iface_link, link.below > 0 ? link.below : link.index);
    add(network_iface_link_mode, link.link_mode);
    add(network_dormant, link.link_mode);  // node_exporter's, too
    add(network_mtu_bytes, link.mtu);
    add(network_net_dev_group, link.group);
    add(network_transmit_queue_length, link.queue_length);
    add(network_protocol_type, link.type);
    // These are not in netlink's answer; to read them takes no lock that all devices share.
    const auto device = SysFolder::open(path_ + "/" + link.name);
    if (!device) return;
    add(network_address_assign_type, device->number("addr_assign_type"));
    add(network_device_id, device->number("dev_id"));
    add(network_name_assign_type, device->number("name_assign_type"));
  }

  std::string path_;
  NameFilter devices_;
  bool ignore_invalid_speed_, by_netlink_, with_counters_;
  LinkInfos links_;
};

}  // namespace

// The kernel takes the lock of all network devices for some attributes.
constinit const CollectorKind netclass_collector{"netclass", kOwnLane, true, kNetclassOptions,
                                                 create<Netclass>};

}  // namespace basewatch::node
