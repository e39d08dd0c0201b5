// The errors of IPsec, of /proc/net/xfrm_stat. A row becomes a metric by an entry in
// catalog/node/metrics.yml: from: {xfrm: XfrmInError}.
#include <algorithm>
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Xfrm final : public NodeCollector {
 public:
  explicit Xfrm(const Setup& setup) : file_(setup.proc("net/xfrm_stat")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("the kernel counts no errors of IPsec");
    std::array<double, metrics::node::from_xfrm.size()> values{};  // what it does not know is 0
    for_each_row(*source, [&](std::string_view key, std::string_view rest) {
      const auto value = source->number(next_word(rest));
      const auto row = std::ranges::find(metrics::node::from_xfrm, key, &FieldMetric::field);
      if (row != metrics::node::from_xfrm.end()) {
        values[static_cast<std::size_t>(row - metrics::node::from_xfrm.begin())] = value;
      }
    });
    for (std::size_t i = 0; i < values.size(); ++i) {
      page.add(metrics::node::from_xfrm[i].metric, values[i]);
    }
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind xfrm_collector{"xfrm", kProcLane, false, {}, create<Xfrm>};

}  // namespace basewatch::node
