// How many control groups each controller has, of /proc/cgroups.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Cgroups final : public NodeCollector {
 public:
  explicit Cgroups(const Setup& setup) : file_(setup.proc("cgroups")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("the kernel has no control groups");
    for_each_row(*source, [&](std::string_view controller, std::string_view rest) {
      if (controller.starts_with('#')) return;
      next_word(rest);  // the hierarchy
      const auto groups = source->number(next_word(rest));
      page.add(metrics::node::cgroups_cgroups, groups, controller);
      page.add(metrics::node::cgroups_enabled, source->number(next_word(rest)), controller);
    });
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind cgroups_collector{"cgroups", kProcLane, false, {}, create<Cgroups>};

}  // namespace basewatch::node
