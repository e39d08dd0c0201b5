// The devices and files that memory is swapped to, of /proc/swaps.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Swap final : public NodeCollector {
 public:
  explicit Swap(const Setup& setup) : file_(setup.proc("swaps")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    bool is_header = true;
    for_each_row(source, [&](std::string_view device, std::string_view rest) {
      if (is_header) {
        is_header = false;
        return;
      }
      const auto type = next_word(rest);
      const auto number = [&] { return static_cast<double>(source.integer(next_word(rest))); };
      page.add(metrics::node::swap_size_bytes, number() * 1024, device, type);
      page.add(metrics::node::swap_used_bytes, number() * 1024, device, type);
      page.add(metrics::node::swap_priority, number(), device, type);
    });
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind swap_collector{"swap", kProcLane, false, {}, create<Swap>};

}  // namespace basewatch::node
