// How often each processor has run each kind of soft interrupt, of /proc/softirqs.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kTypes[] = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                       "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};

class Softirqs final : public NodeCollector {
 public:
  explicit Softirqs(const Setup& setup) : file_(setup.proc("softirqs")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    if (source.text.empty()) source.fail(source.text, "the line of processors is missing");
    for_each_row(source, [&](std::string_view type, std::string_view rest) {
      if (std::ranges::find(kTypes, type) == std::end(kTypes)) return;
      for (int cpu = 0;; ++cpu) {
        const auto count = next_word(rest);
        if (count.empty()) return;
        page.add(metrics::node::softirqs_functions_total, source.number(count), NumberLabel(cpu),
                 type);
      }
    });
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind softirqs_collector{
    "softirqs", kProcLane, false, {}, create<Softirqs>};

}  // namespace basewatch::node
