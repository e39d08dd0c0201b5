#include "exporters/node/read/qdisc.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "exporters/node/read/json_examples.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxQdiscs = 100'000;

void read_stats(std::string_view nested, Qdisc& qdisc) {
  for_each_attribute(nested, [&](std::uint16_t type, std::string_view value) {
    if (type == TCA_STATS_BASIC) {
      const auto basic = netlink_value<gnet_stats_basic>(value);
      qdisc.bytes = static_cast<double>(basic.bytes);
      qdisc.packets = basic.packets;
    } else if (type == TCA_STATS_QUEUE) {
      const auto queue = netlink_value<gnet_stats_queue>(value);
      qdisc.length = queue.qlen;
      qdisc.backlog = queue.backlog;
      qdisc.drops = queue.drops;
      qdisc.requeues = queue.requeues;
      qdisc.overlimits = queue.overlimits;
    }
  });
}

// What kernels had before; without the number of requeues.
void read_old_stats(const tc_stats& stats, Qdisc& qdisc) {
  qdisc.bytes = static_cast<double>(stats.bytes);
  qdisc.packets = stats.packets;
  qdisc.drops = stats.drops;
  qdisc.overlimits = stats.overlimits;
  qdisc.length = stats.qlen;
  qdisc.backlog = stats.backlog;
}

}  // namespace

void parse_qdisc(const NetlinkMessage& message, std::vector<Qdisc>& out) {
  if (message.type != RTM_NEWQDISC || message.body.size() < sizeof(tcmsg)) return;
  const auto header = netlink_value<tcmsg>(message.body);
  Qdisc qdisc;
  qdisc.index = header.tcm_ifindex;
  qdisc.is_root = header.tcm_parent == TC_H_ROOT || header.tcm_parent == 0;
  bool has_new = false;
  for_each_attribute(message.body, sizeof(tcmsg), [&](std::uint16_t type, std::string_view value) {
    if (type == TCA_KIND) qdisc.kind = netlink_text(value);
    if (type == TCA_STATS2) {
      read_stats(value, qdisc);
      has_new = true;
    }
    if (type == TCA_STATS && !has_new) read_old_stats(netlink_value<tc_stats>(value), qdisc);
  });
  if (out.size() >= kMaxQdiscs) throw ReadError("netlink lists too many queueing disciplines");
  out.push_back(std::move(qdisc));
}

std::vector<Qdisc> parse_qdisc_examples(const Source& json) {
  std::vector<Qdisc> list;
  for (const auto& entry : parse_json_examples(json)) {
    auto& qdisc = list.emplace_back();
    qdisc.device = json_text(entry, "IfaceName");
    qdisc.kind = json_text(entry, "Kind");
    qdisc.is_root = json_number(entry, "Parent") == 0;
    qdisc.bytes = json_number(entry, "Bytes");
    qdisc.packets = json_number(entry, "Packets");
    qdisc.drops = json_number(entry, "Drops");
    qdisc.requeues = json_number(entry, "Requeues");
    qdisc.overlimits = json_number(entry, "Overlimits");
    qdisc.length = json_number(entry, "Qlen");
    qdisc.backlog = json_number(entry, "Backlog");
  }
  return list;
}

}  // namespace basewatch::node
