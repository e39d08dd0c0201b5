// The zones of memory, of /proc/zoneinfo.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

// The rows that are shown, by their first word.
struct Row {
  std::string_view field;
  const Metric<2>& metric;
};
constexpr Row kRows[] = {
    {"nr_free_pages", m::zoneinfo_nr_free_pages},
    {"min", m::zoneinfo_min_pages},
    {"low", m::zoneinfo_low_pages},
    {"high", m::zoneinfo_high_pages},
    {"scanned", m::zoneinfo_scanned_pages},
    {"spanned", m::zoneinfo_spanned_pages},
    {"present", m::zoneinfo_present_pages},
    {"managed", m::zoneinfo_managed_pages},
    {"nr_active_anon", m::zoneinfo_nr_active_anon_pages},
    {"nr_inactive_anon", m::zoneinfo_nr_inactive_anon_pages},
    {"nr_isolated_anon", m::zoneinfo_nr_isolated_anon_pages},
    {"nr_anon_pages", m::zoneinfo_nr_anon_pages},
    {"nr_anon_transparent_hugepages", m::zoneinfo_nr_anon_transparent_hugepages},
    {"nr_active_file", m::zoneinfo_nr_active_file_pages},
    {"nr_inactive_file", m::zoneinfo_nr_inactive_file_pages},
    {"nr_isolated_file", m::zoneinfo_nr_isolated_file_pages},
    {"nr_file_pages", m::zoneinfo_nr_file_pages},
    {"nr_slab_reclaimable", m::zoneinfo_nr_slab_reclaimable_pages},
    {"nr_slab_unreclaimable", m::zoneinfo_nr_slab_unreclaimable_pages},
    {"nr_mlock_stack", m::zoneinfo_nr_mlock_stack_pages},
    {"nr_kernel_stack", m::zoneinfo_nr_kernel_stacks},
    {"nr_mapped", m::zoneinfo_nr_mapped_pages},
    {"nr_dirty", m::zoneinfo_nr_dirty_pages},
    {"nr_writeback", m::zoneinfo_nr_writeback_pages},
    {"nr_unevictable", m::zoneinfo_nr_unevictable_pages},
    {"nr_shmem", m::zoneinfo_nr_shmem_pages},
    {"nr_dirtied", m::zoneinfo_nr_dirtied_total},
    {"nr_written", m::zoneinfo_nr_written_total},
    {"numa_hit", m::zoneinfo_numa_hit_total},
    {"numa_miss", m::zoneinfo_numa_miss_total},
    {"numa_foreign", m::zoneinfo_numa_foreign_total},
    {"numa_interleave", m::zoneinfo_numa_interleave_total},
    {"numa_local", m::zoneinfo_numa_local_total},
    {"numa_other", m::zoneinfo_numa_other_total},
};

class Zoneinfo final : public NodeCollector {
 public:
  explicit Zoneinfo(const Setup& setup) : file_(setup.proc("zoneinfo")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    std::string_view node, zone;
    for_each_line(source, [&](std::string_view line) {
      auto rest = line;
      const auto key = next_word(rest);
      if (key == "Node") {  // "Node 0, zone      DMA"
        node = next_word(rest);
        zone = (next_word(rest), next_word(rest));
        if (!node.ends_with(',') || zone.empty()) source.fail(line, "this is no start of a zone");
        node.remove_suffix(1);
      } else if (key == "protection:") {
        add_protection(page, source, rest, node, zone);
      } else if (const auto row = std::ranges::find(kRows, key, &Row::field);
                 row != std::end(kRows)) {
        page.add(row->metric, source.number(next_word(rest)), node, zone);
      }
    });
    return done();
  }

 private:
  // "(0, 2039, 31932)"
  static void add_protection(Page& page, const Source& source, std::string_view list,
                             std::string_view node, std::string_view zone) {
    for (int i = 0;; ++i) {
      const auto start = list.find_first_not_of(" (,)");
      if (start == list.npos) return;
      list.remove_prefix(start);
      const auto value = list.substr(0, list.find_first_of(" (,)"));
      list.remove_prefix(value.size());
      page.add(metrics::node::zoneinfo_protection, NumberLabel(i), source.number(value), node,
               zone);
    }
  }

  KeptFile file_;
};

}  // namespace

constinit const CollectorKind zoneinfo_collector{
    "zoneinfo", kProcLane, false, {}, create<Zoneinfo>};

}  // namespace basewatch::node
