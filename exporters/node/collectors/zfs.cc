// What ZFS counts: for the module as a whole, for each pool and for each of its datasets, under
// /proc/spl/kstat/zfs. The names of the metrics are those of ZFS.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/kstat.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

// The files of the module. A version of ZFS has some of them.
constexpr std::pair<std::string_view, const basewatch::Family<0>*> kFiles[] = {
    {"abdstats", &m::zfs_abd},
    {"arcstats", &m::zfs_arc},
    {"dbufstats", &m::zfs_dbuf},
    {"dmu_tx", &m::zfs_dmu_tx},
    {"dnodestats", &m::zfs_dnode},
    {"fm", &m::zfs_fm},
    {"vdev_cache_stats", &m::zfs_vdev_cache},
    {"vdev_mirror_stats", &m::zfs_vdev_mirror},
    {"xuio_stats", &m::zfs_xuio},
    {"zfetchstats", &m::zfs_zfetch},
    {"zil", &m::zfs_zil},
};

constexpr std::string_view kPoolStates[] = {"online",  "degraded", "faulted",  "offline",
                                            "removed", "unavail",  "suspended"};

class Zfs final : public NodeCollector {
 public:
  explicit Zfs(const Setup& setup) : folder_(setup.proc("spl/kstat/zfs")) {
    for (const auto& [name, family] : kFiles) files_.emplace_back(path(name), family);
  }

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return absent("ZFS is not loaded");
    for (auto& [file, family] : files_) {
      if (const auto source = file.read_if_there()) add_rows(page, *family, *source);
    }
    for (const auto& name : folder->names()) {
      if (std::ranges::find(kFiles, name, [](const auto& f) { return f.first; }) ==
          std::end(kFiles)) {
        add_pool(page, *folder, name, deadline);
      }
    }
    return done();
  }

 private:
  std::string path(std::string_view name) const { return folder_ + '/' + std::string(name); }

  // The kernel's names have dashes; those of metrics have none.
  static void add_rows(Page& page, const basewatch::Family<0>& family, const Source& source) {
    auto rest = kstat_rows(source);
    while (const auto row = next_kstat_row(source, rest)) {
      if (row->value) page.add(family, row->name, *row->value);
    }
  }

  // A pool may be exported while it is read: what is gone is left out. Nothing is kept open, as
  // there may be thousands of datasets.
  static void add_pool(Page& page, const SysFolder& pools, const std::string& pool,
                       const Deadline& deadline) {
    const auto folder = pools.folder(pool);
    if (!folder) return;
    for (const auto& name : folder->names()) {
      const bool is_dataset = name.starts_with("objset-");
      if (!is_dataset && name != "io" && name != "state") continue;
      if (deadline.passed()) throw ReadError("the deadline has passed while datasets were read");
      const auto file = folder->read(name);
      if (file.is_missing()) continue;
      if (!file.ok()) folder->fail(name, error_text(file.error));
      const auto path = folder->path_of(name);
      const Source source(file.text, path);
      if (is_dataset) {
        add_dataset(page, pool, source);
      } else if (name == "io") {
        for_each_pool_counter(source, [&](std::string_view field, double value) {
          add_io(page, pool, field, value);
        });
      } else {
        add_state(page, pool, file.text);
      }
    }
  }

  static void add_io(Page& page, std::string_view pool, std::string_view field, double value) {
    const auto row = std::ranges::find(m::from_zpool_io, field, &FieldMetric::field);
    if (row != std::end(m::from_zpool_io)) page.add(row->metric, value, {&pool, 1});
  }

  static void add_dataset(Page& page, const std::string& pool, const Source& source) {
    auto rest = kstat_rows(source);
    std::string_view dataset;
    while (const auto row = next_kstat_row(source, rest)) {
      if (row->name == "dataset_name") {
        dataset = row->text;
      } else if (row->value) {
        page.add(m::zfs_zpool_dataset, row->name, *row->value, pool, dataset);
      }
    }
  }

  static void add_state(Page& page, const std::string& pool, std::string_view state) {
    const auto same = [](char a, char b) { return (a | 0x20) == b; };  // ZFS writes capitals
    for (const auto candidate : kPoolStates) {
      page.add(m::zfs_zpool_state, std::ranges::equal(state, candidate, same) ? 1 : 0, pool,
               candidate);
    }
  }

  std::string folder_;
  std::vector<std::pair<KeptFile, const basewatch::Family<0>*>> files_;
};

}  // namespace

// Reading takes locks of the pools, and a pool whose disks do not answer holds them.
constinit const CollectorKind zfs_collector{"zfs", kOwnLane, true, {}, create<Zfs>};

}  // namespace basewatch::node
