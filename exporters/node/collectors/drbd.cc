// DRBD, block devices mirrored over the network: the pairs `key:value` of /proc/drbd.
#include "exporters/node/read/drbd.h"
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// DRBD counts in KiB; "nr" as well, but node_exporter takes it as it is.
double factor(std::string_view key) {
  return key == "ns" || key == "dw" || key == "dr" || key == "oos" ? 1024 : 1;
}

class Drbd final : public NodeCollector {
 public:
  explicit Drbd(const Setup& setup) : file_(setup.proc("drbd")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("no DRBD");
    for_each_drbd_pair(*source,
                       [&](std::string_view device, std::string_view key, std::string_view value) {
                         add(page, *source, device, key, value);
                       });
    return done();
  }

 private:
  static void add(Page& page, const Source& source, std::string_view device, std::string_view key,
                  std::string_view value) {
    using namespace metrics::node;
    const auto row = std::ranges::find(from_drbd, key, &FieldMetric::field);
    if (row != from_drbd.end()) {
      page.add(row->metric, source.number(value) * factor(key), {{device}});
    } else if (key == "cs") {
      page.add(drbd_connected, value == "Connected" ? 1 : 0, device);
    } else if (key == "ro") {
      add_both(page, drbd_node_role_is_primary, value, "Primary", device);
    } else if (key == "ds") {
      add_both(page, drbd_disk_state_is_up_to_date, value, "UpToDate", device);
    }
  }

  // "Primary/Secondary": this node and its peer.
  static void add_both(Page& page, const Metric<2>& metric, std::string_view value,
                       std::string_view good, std::string_view device) {
    const auto slash = std::min(value.find('/'), value.size());
    page.add(metric, value.substr(0, slash) == good ? 1 : 0, device, "local");
    if (slash == value.size()) return;
    page.add(metric, value.substr(slash + 1) == good ? 1 : 0, device, "remote");
  }

  KeptFile file_;
};

}  // namespace

constinit const CollectorKind drbd_collector{"drbd", kProcLane, false, {}, create<Drbd>};

}  // namespace basewatch::node
