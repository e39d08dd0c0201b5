// The neighbours that each network device knows, by netlink or from /proc/net/arp.
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/neighbours.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kArpOptions[] = {
    {"collectors.arp.device_include", OptionType::regex, "", "Which devices are looked at."},
    {"collectors.arp.device_exclude", OptionType::regex, "", "Which devices are left out."},
    {"collectors.arp.netlink", OptionType::flag, "true",
     "Asks by netlink; false reads <procfs>/net/arp."},
};

class Arp final : public NodeCollector {
 public:
  explicit Arp(const Setup& setup)
      : file_(setup.proc("net/arp"), 64u << 20),
        devices_(setup.settings, "collectors.arp.device_exclude", "collectors.arp.device_include"),
        by_netlink_(setup.settings.flag("collectors.arp.netlink")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto counts = by_netlink_ ? neighbours_.count(deadline) : parse_arp(file_.read());
    for (const auto& [device, count] : counts) {
      if (devices_.accepts(device)) {
        page.add(metrics::node::arp_entries, static_cast<double>(count), device);
      }
    }
    return done();
  }

 private:
  KeptFile file_;
  Neighbours neighbours_;
  NameFilter devices_;
  bool by_netlink_;
};

}  // namespace

constinit const CollectorKind arp_collector{"arp", kOwnLane, true, kArpOptions, create<Arp>};

}  // namespace basewatch::node
