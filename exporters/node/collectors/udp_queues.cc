// What lies in the queues of all UDP sockets, of /proc/net/udp and udp6.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxFile = 64u << 20;  // half a million sockets

class UdpQueues final : public NodeCollector {
 public:
  explicit UdpQueues(const Setup& setup)
      : v4_(setup.proc("net/udp"), kMaxFile), v6_(setup.proc("net/udp6"), kMaxFile) {}

  Outcome run(Page& page, const Deadline&) override {
    const bool has_v4 = add(page, v4_, "v4");
    const bool has_v6 = add(page, v6_, "v6");
    return has_v4 || has_v6 ? done() : absent("the kernel has no UDP");
  }

 private:
  static bool add(Page& page, KeptFile& file, std::string_view version) {
    const auto source = file.read_if_there();
    if (!source) return false;
    std::uint64_t sent = 0, received = 0;
    bool is_header = true;
    for_each_line(*source, [&](std::string_view line) {
      if (is_header || trim(line).empty()) {
        is_header = false;
        return;
      }
      for (int skipped = 0; skipped < 4; ++skipped) next_word(line);
      const auto queues = next_word(line);  // "00000015:00000000": to be sent, received
      const auto colon = queues.find(':');
      if (colon == queues.npos) source->fail(queues, "the queues are missing");
      sent += source->hex(queues.substr(0, colon));
      received += source->hex(queues.substr(colon + 1));
    });
    page.add(metrics::node::udp_queues, static_cast<double>(sent), "tx", version);
    page.add(metrics::node::udp_queues, static_cast<double>(received), "rx", version);
    return true;
  }

  KeptFile v4_, v6_;
};

}  // namespace

constinit const CollectorKind udp_queues_collector{
    "udp_queues", kProcLane, true, {}, create<UdpQueues>};

}  // namespace basewatch::node
