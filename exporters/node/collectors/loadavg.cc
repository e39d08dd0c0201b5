// The load averages of /proc/loadavg.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Loadavg final : public NodeCollector {
 public:
  explicit Loadavg(const Setup& setup) : file_(setup.proc("loadavg")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto [one, five, fifteen] = leading_numbers<3>(file_.read());
    page.add(metrics::node::load1, one);
    page.add(metrics::node::load5, five);
    page.add(metrics::node::load15, fifteen);
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind loadavg_collector{"loadavg", kProcLane, true, {}, create<Loadavg>};

}  // namespace basewatch::node
