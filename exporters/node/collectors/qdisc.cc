// What the queueing disciplines of the network devices have sent, dropped and hold back: netlink.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/qdisc.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

constexpr Option kQdiscOptions[] = {
    {"collectors.qdisc.device_include", OptionType::regex, "", "Which devices are looked at."},
    {"collectors.qdisc.device_exclude", OptionType::regex, "", "Which devices are left out."},
    {"collectors.qdisc.fixtures", OptionType::path, "",
     "A folder whose results.json is read in place of the kernel's answer; for tests."},
};

class QdiscCollector final : public NodeCollector {
 public:
  explicit QdiscCollector(const Setup& setup)
      : devices_(setup.settings, "collectors.qdisc.device_exclude",
                 "collectors.qdisc.device_include") {
    const auto& examples = setup.settings.text("collectors.qdisc.fixtures");
    if (!examples.empty()) examples_.emplace(examples + "/results.json");
  }

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto list = examples_ ? parse_qdisc_examples(examples_->read()) : ask(deadline);
    for (const auto& qdisc : list) {
      if (qdisc.is_root && devices_.accepts(qdisc.device)) add(page, qdisc);
    }
    return done();
  }

 private:
  std::vector<Qdisc> ask(const Deadline& deadline) {
    std::vector<Qdisc> list;
    netlink_.dump(
        RTM_GETQDISC, netlink_bytes(tcmsg{}), "the list of queueing disciplines", deadline,
        [&] { list.clear(); }, [&](const NetlinkMessage& message) { parse_qdisc(message, list); });
    const auto links = links_.list(deadline);
    for (auto& qdisc : list) qdisc.device = device_name(links, qdisc.index);
    return list;
  }

  static void add(Page& page, const Qdisc& qdisc) {
    const std::pair<const Metric<2>*, double> values[] = {
        {&m::qdisc_bytes_total, qdisc.bytes},
        {&m::qdisc_packets_total, qdisc.packets},
        {&m::qdisc_drops_total, qdisc.drops},
        {&m::qdisc_requeues_total, qdisc.requeues},
        {&m::qdisc_overlimits_total, qdisc.overlimits},
        {&m::qdisc_current_queue_length, qdisc.length},
        {&m::qdisc_backlog, qdisc.backlog}};
    for (const auto& [metric, value] : values) page.add(*metric, value, qdisc.device, qdisc.kind);
  }

  std::optional<KeptFile> examples_;
  Netlink netlink_{NETLINK_ROUTE};
  Links links_;
  NameFilter devices_;
};

}  // namespace

// A driver that hangs holds the kernel's lock on all devices: netlink waits then.
constinit const CollectorKind qdisc_collector{"qdisc", kOwnLane, false, kQdiscOptions,
                                              create<QdiscCollector>};

}  // namespace basewatch::node
