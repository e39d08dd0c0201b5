// Every field of /proc/meminfo. node_exporter 1.11 has a fixed list of them, 1.5 took them all; so
// do we, and both sets are on the page.
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/meminfo.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Meminfo final : public NodeCollector {
 public:
  explicit Meminfo(const Setup& setup) : file_(setup.proc("meminfo")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    for_each_row(source, [&](std::string_view key, std::string_view rest) {
      std::array<char, 64> buffer;
      const auto field = meminfo_field(key, buffer);
      const auto value = static_cast<double>(source.whole(next_word(rest)));
      const auto unit = next_word(rest);
      if (unit.empty()) {
        page.add(metrics::node::memory, field, value);
      } else if (unit == "kB") {
        page.add(metrics::node::memory_bytes, field, value * 1024);
      } else {
        source.fail(unit, "the only unit known is kB");
      }
    });
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind meminfo_collector{"meminfo", kProcLane, true, {}, create<Meminfo>};

}  // namespace basewatch::node
