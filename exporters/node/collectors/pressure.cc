// How long tasks have waited for processors, memory, disks and interrupts, of /proc/pressure.
#include <cerrno>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

struct Resource {
  std::string_view name;
  const Metric<0>*some, *full;  // what is shown of it
};
constexpr Resource kResources[] = {
    {"cpu", &metrics::node::pressure_cpu_waiting_seconds_total, nullptr},
    {"io", &metrics::node::pressure_io_waiting_seconds_total,
     &metrics::node::pressure_io_stalled_seconds_total},
    {"memory", &metrics::node::pressure_memory_waiting_seconds_total,
     &metrics::node::pressure_memory_stalled_seconds_total},
    {"irq", nullptr, &metrics::node::pressure_irq_stalled_seconds_total},  // since Linux 6.1
};

class Pressure final : public NodeCollector {
 public:
  explicit Pressure(const Setup& setup) {
    for (const auto& resource : kResources) {
      files_.emplace_back(setup.proc("pressure/" + std::string(resource.name)));
    }
  }

  Outcome run(Page& page, const Deadline&) override {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const auto source = files_[i].read_if_there(EOPNOTSUPP);
      if (source) add(page, *source, kResources[i]);
    }
    if (page.samples() > 0) return done();
    return absent("the kernel keeps no account of pressure: it lacks PSI, or needs psi=1 at boot");
  }

 private:
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=25783"
  static void add(Page& page, const Source& source, const Resource& resource) {
    bool has_some = !resource.some, has_full = !resource.full;
    for_each_row(source, [&](std::string_view kind, std::string_view rest) {
      const auto* metric = kind == "some"   ? resource.some
                           : kind == "full" ? resource.full
                                            : nullptr;
      if (!metric) return;
      (kind == "some" ? has_some : has_full) = true;
      const auto at = rest.find("total=");
      if (at == rest.npos) source.fail(rest, "there is no total=");
      page.add(*metric, source.number(trim(rest.substr(at + 6))) / 1000 / 1000);
    });
    if (!has_some) source.fail(source.text, "the line 'some' is missing");
    if (!has_full) source.fail(source.text, "the line 'full' is missing");
  }

  std::vector<KeptFile> files_;
};

}  // namespace

constinit const CollectorKind pressure_collector{"pressure", kProcLane, true, {}, create<Pressure>};

}  // namespace basewatch::node
