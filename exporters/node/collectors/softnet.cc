// How each processor handles received packets, of /proc/net/softnet_stat.
#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kColumns = 9;  // which every kernel has

class Softnet final : public NodeCollector {
 public:
  explicit Softnet(const Setup& setup) : file_(setup.proc("net/softnet_stat")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    std::uint64_t line_number = 0;
    for_each_line(source,
                  [&](std::string_view line) { add_cpu(page, source, line, line_number++); });
    return done();
  }

 private:
  void add_cpu(Page& page, const Source& source, std::string_view line, std::uint64_t position) {
    split_words(line, words_);
    if (words_.size() < kColumns) source.fail(line, "there are fewer than 9 columns");
    const auto number = [&](std::size_t column) -> double {
      return column < words_.size() ? static_cast<double>(source.hex(words_[column])) : 0;
    };
    // A processor that is off has no line; since Linux 5.14 the line says whose it is.
    const bool says_whose = words_.size() >= 13;
    const NumberLabel cpu(says_whose ? source.hex(words_[12]) : position);
    page.add(metrics::node::softnet_processed_total, number(0), cpu);
    page.add(metrics::node::softnet_dropped_total, number(1), cpu);
    page.add(metrics::node::softnet_times_squeezed_total, number(2), cpu);
    page.add(metrics::node::softnet_cpu_collision_total, number(8), cpu);
    page.add(metrics::node::softnet_received_rps_total, number(9), cpu);
    page.add(metrics::node::softnet_flow_limit_count_total, number(10), cpu);
    page.add(metrics::node::softnet_backlog_len, says_whose ? number(11) : 0, cpu);
  }

  KeptFile file_;
  std::vector<std::string_view> words_;
};

}  // namespace

constinit const CollectorKind softnet_collector{"softnet", kProcLane, true, {}, create<Softnet>};

}  // namespace basewatch::node
