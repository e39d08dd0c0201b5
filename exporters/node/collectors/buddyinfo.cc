// The free blocks of memory of each size, of /proc/buddyinfo.
#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Buddyinfo final : public NodeCollector {
 public:
  explicit Buddyinfo(const Setup& setup) : file_(setup.proc("buddyinfo")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    for_each_line(source, [&](std::string_view line) { add_zone(page, source, line); });
    return done();
  }

 private:
  // "Node 0, zone   Normal   4381   1093 ...": the counts of blocks of 1, 2, 4 ... pages.
  static void add_zone(Page& page, const Source& source, std::string_view line) {
    if (trim(line).empty()) return;
    const auto whole = line;
    next_word(line);
    auto node = next_word(line);
    const auto zone = (next_word(line), next_word(line));
    if (zone.empty() || !node.ends_with(',')) source.fail(whole, "this is no line of a zone");
    node.remove_suffix(1);
    for (int order = 0;; ++order) {
      const auto count = next_word(line);
      if (count.empty()) return;
      page.add(metrics::node::buddyinfo_blocks, source.number(count), node, zone,
               NumberLabel(order));
    }
  }

  KeptFile file_;
};

}  // namespace

constinit const CollectorKind buddyinfo_collector{
    "buddyinfo", kProcLane, false, {}, create<Buddyinfo>};

}  // namespace basewatch::node
