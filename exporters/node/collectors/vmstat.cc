// Chosen fields of /proc/vmstat.
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kVmstatOptions[] = {
    {"collectors.vmstat.fields", OptionType::regex, "^(oom_kill|pgpg|pswp|pg.*fault).*",
     "Which fields of /proc/vmstat are taken."},
};

class Vmstat final : public NodeCollector {
 public:
  explicit Vmstat(const Setup& setup)
      : file_(setup.proc("vmstat")), fields_({setup.settings, {}, "collectors.vmstat.fields"}) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    std::size_t row = 0;
    for_each_row(source, [&](std::string_view key, std::string_view rest) {
      if (fields_.accepts(row++, key)) {
        page.add(metrics::node::vmstat, key, source.number(next_word(rest)));
      }
    });
    return done();
  }

 private:
  KeptFile file_;
  RowFilter fields_;
};

}  // namespace

constinit const CollectorKind vmstat_collector{"vmstat", kProcLane, true, kVmstatOptions,
                                               create<Vmstat>};

}  // namespace basewatch::node
