#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/netlink.h"

namespace basewatch::node {

// A queueing discipline at the root of a device, as RTM_GETQDISC lists it.
struct Qdisc {
  int index = 0;        // of the device, as netlink has it
  std::string device;   // its name, as a file of examples has it
  std::string kind;     // "fq_codel"
  bool is_root = true;  // and not one below another
  double bytes = 0, packets = 0, drops = 0, requeues = 0, overlimits = 0, length = 0, backlog = 0;
};

// A message of the dump.
void parse_qdisc(const NetlinkMessage& message, std::vector<Qdisc>& out);

// The same from a file of examples, with the names that node_exporter's end-to-end test gives them.
std::vector<Qdisc> parse_qdisc_examples(const Source& json);

}  // namespace basewatch::node
