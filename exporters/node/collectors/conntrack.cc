// The connections that netfilter tracks; their statistics are summed over the processors.
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// The columns of /proc/net/stat/nf_conntrack that are shown. The kernel's header names them, but
// not in every version as here.
enum Column {
  found = 2,
  invalid = 4,
  ignore = 5,
  insert = 8,
  insert_failed = 9,
  drop = 10,
  early_drop = 11,
  search_restart = 16,
  kColumns = 17
};

class Conntrack final : public NodeCollector {
 public:
  explicit Conntrack(const Setup& setup)
      : count_(setup.proc("sys/net/netfilter/nf_conntrack_count")),
        limit_(setup.proc("sys/net/netfilter/nf_conntrack_max")),
        stat_(setup.proc("net/stat/nf_conntrack")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto count = count_.read_if_there();
    const auto limit = limit_.read_if_there();
    const auto stat = stat_.read_if_there();
    if (!count || !limit || !stat) return absent("the kernel tracks no connections");
    page.add(metrics::node::nf_conntrack_entries, count->number(trim(count->text)));
    page.add(metrics::node::nf_conntrack_entries_limit, limit->number(trim(limit->text)));
    const auto sums = sums_of(*stat);
    page.add(metrics::node::nf_conntrack_stat_found, sums[found]);
    page.add(metrics::node::nf_conntrack_stat_invalid, sums[invalid]);
    page.add(metrics::node::nf_conntrack_stat_ignore, sums[ignore]);
    page.add(metrics::node::nf_conntrack_stat_insert, sums[insert]);
    page.add(metrics::node::nf_conntrack_stat_insert_failed, sums[insert_failed]);
    page.add(metrics::node::nf_conntrack_stat_drop, sums[drop]);
    page.add(metrics::node::nf_conntrack_stat_early_drop, sums[early_drop]);
    page.add(metrics::node::nf_conntrack_stat_search_restart, sums[search_restart]);
    return done();
  }

 private:
  static std::array<double, kColumns> sums_of(const Source& stat) {
    std::array<double, kColumns> sums{};
    bool is_header = true;
    for_each_line(stat, [&](std::string_view line) {
      if (is_header || trim(line).empty()) {
        is_header = false;
        return;
      }
      for (int column = 0; column < kColumns; ++column) {
        const auto word = next_word(line);
        if (word.empty() && column == search_restart) break;  // before Linux 2.6.35
        sums[column] += static_cast<double>(stat.hex(word));
      }
    });
    return sums;
  }

  KeptFile count_, limit_, stat_;
};

}  // namespace

constinit const CollectorKind conntrack_collector{
    "conntrack", kProcLane, true, {}, create<Conntrack>};

}  // namespace basewatch::node
