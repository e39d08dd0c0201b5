// The kernel's caches of small objects, of /proc/slabinfo, which only root may read.
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kSlabinfoOptions[] = {
    {"collectors.slabinfo.slabs_include", OptionType::regex, ".*", "Which caches are looked at."},
    {"collectors.slabinfo.slabs_exclude", OptionType::regex, "",
     "Which caches of these are left out."},
};

class Slabinfo final : public NodeCollector {
 public:
  explicit Slabinfo(const Setup& setup)
      : file_(setup.proc("slabinfo")),
        include_(setup.settings, {}, "collectors.slabinfo.slabs_include"),
        exclude_(setup.settings, "collectors.slabinfo.slabs_exclude", {}) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    for_each_line(source, [&](std::string_view line) {
      if (line.starts_with("slabinfo -") || line.starts_with('#')) return;
      const auto slab = next_word(line);
      if (slab.empty() || !include_.accepts(slab) || !exclude_.accepts(slab)) return;
      const auto number = [&] { return source.number(next_word(line)); };
      page.add(metrics::node::slabinfo_active_objects, number(), slab);
      page.add(metrics::node::slabinfo_objects, number(), slab);
      page.add(metrics::node::slabinfo_object_size_bytes, number(), slab);
      page.add(metrics::node::slabinfo_objects_per_slab, number(), slab);
      page.add(metrics::node::slabinfo_pages_per_slab, number(), slab);
    });
    return done();
  }

 private:
  KeptFile file_;
  NameFilter include_, exclude_;
};

}  // namespace

constinit const CollectorKind slabinfo_collector{"slabinfo", kProcLane, false, kSlabinfoOptions,
                                                 create<Slabinfo>};

}  // namespace basewatch::node
