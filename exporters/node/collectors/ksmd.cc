// What the kernel has saved by merging equal pages. A file of /sys/kernel/mm/ksm becomes a metric
// by an entry in catalog/node/metrics.yml: from: {ksmd: pages_shared}.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Ksmd final : public NodeCollector {
 public:
  explicit Ksmd(const Setup& setup) {
    for (const auto& row : metrics::node::from_ksmd) {
      files_.emplace_back(setup.sys("kernel/mm/ksm/" + std::string(row.field)));
    }
  }

  Outcome run(Page& page, const Deadline&) override {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const auto source = files_[i].read_if_there();
      if (!source && page.samples() == 0) return absent("the kernel merges no pages");
      if (!source) throw ReadError("there is no " + files_[i].path());
      const auto& [field, metric] = metrics::node::from_ksmd[i];
      const auto value = source->number(trim(source->text));
      page.add(metric, field == "sleep_millisecs" ? value / 1000 : value);
    }
    return done();
  }

 private:
  std::vector<KeptFile> files_;
};

}  // namespace

constinit const CollectorKind ksmd_collector{"ksmd", kProcLane, false, {}, create<Ksmd>};

}  // namespace basewatch::node
