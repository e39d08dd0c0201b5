// The counters of /proc/stat beside the processors' times. A row becomes a metric by an entry in
// catalog/node/metrics.yml: from: {stat: ctxt}.
#include <algorithm>

#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kVectors[] = {"hi",           "timer",   "net_tx", "net_rx",  "block",
                                         "block_iopoll", "tasklet", "sched",  "hrtimer", "rcu"};

constexpr Option kStatOptions[] = {
    {"collectors.stat.softirq", OptionType::flag, "false", "Adds node_softirqs_total."},
};

class Stat final : public NodeCollector {
 public:
  explicit Stat(const Setup& setup)
      : stat_(setup.stat), with_softirq_(setup.settings.flag("collectors.stat.softirq")) {}

  Outcome run(Page& page, const Deadline&) override {
    stat_->read(kStatReader, [&](const Source& source) {
      for_each_row(source, [&](std::string_view key, std::string_view rest) {
        add_row(page, source, key, rest);
      });
    });
    return done();
  }

 private:
  void add_row(Page& page, const Source& source, std::string_view key,
               std::string_view rest) const {
    const auto row = std::ranges::find(metrics::node::from_stat, key, &FieldMetric::field);
    if (row != std::end(metrics::node::from_stat)) {
      page.add(row->metric, static_cast<double>(source.whole(next_word(rest))));
    } else if (with_softirq_ && key == "softirq") {
      next_word(rest);  // their sum
      for (const auto vector : kVectors) {
        const auto count = static_cast<double>(source.whole(next_word(rest)));
        page.add(metrics::node::softirqs_total, count, vector);
      }
    }
  }

  std::shared_ptr<SharedFile> stat_;
  bool with_softirq_;
};

}  // namespace

constinit const CollectorKind stat_collector{"stat", kProcLane, true, kStatOptions, create<Stat>};

}  // namespace basewatch::node
