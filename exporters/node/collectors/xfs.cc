// What XFS counts for each of its file systems: /sys/fs/xfs/<device>/stats/stats.
#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/number_rows.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

// A row of the file, and what its numbers are, in the kernel's order.
struct Row {
  std::string_view key;
  std::size_t count;
  const Metric<1>* metrics[7];
};

constexpr Row kRows[] = {
    {"extent_alloc",
     4,
     {&m::xfs_extent_allocation_extents_allocated_total,
      &m::xfs_extent_allocation_blocks_allocated_total,
      &m::xfs_extent_allocation_extents_freed_total, &m::xfs_extent_allocation_blocks_freed_total}},
    {"abt",
     4,
     {&m::xfs_allocation_btree_lookups_total, &m::xfs_allocation_btree_compares_total,
      &m::xfs_allocation_btree_records_inserted_total,
      &m::xfs_allocation_btree_records_deleted_total}},
    {"blk_map",
     7,
     {&m::xfs_block_mapping_reads_total, &m::xfs_block_mapping_writes_total,
      &m::xfs_block_mapping_unmaps_total, &m::xfs_block_mapping_extent_list_insertions_total,
      &m::xfs_block_mapping_extent_list_deletions_total,
      &m::xfs_block_mapping_extent_list_lookups_total,
      &m::xfs_block_mapping_extent_list_compares_total}},
    {"bmbt",
     4,
     {&m::xfs_block_map_btree_lookups_total, &m::xfs_block_map_btree_compares_total,
      &m::xfs_block_map_btree_records_inserted_total,
      &m::xfs_block_map_btree_records_deleted_total}},
    {"dir",
     4,
     {&m::xfs_directory_operation_lookup_total, &m::xfs_directory_operation_create_total,
      &m::xfs_directory_operation_remove_total, &m::xfs_directory_operation_getdents_total}},
    {"ig",
     7,
     {&m::xfs_inode_operation_attempts_total, &m::xfs_inode_operation_found_total,
      &m::xfs_inode_operation_recycled_total, &m::xfs_inode_operation_missed_total,
      &m::xfs_inode_operation_duplicates_total, &m::xfs_inode_operation_reclaims_total,
      &m::xfs_inode_operation_attribute_changes_total}},
    {"rw", 2, {&m::xfs_write_calls_total, &m::xfs_read_calls_total}},
    {"vnodes",
     7,
     {&m::xfs_vnode_active_total, &m::xfs_vnode_allocate_total, &m::xfs_vnode_get_total,
      &m::xfs_vnode_hold_total, &m::xfs_vnode_release_total, &m::xfs_vnode_reclaim_total,
      &m::xfs_vnode_remove_total}},
};

class Xfs final : public NodeCollector {
 public:
  explicit Xfs(const Setup& setup) : folder_(setup.sys("fs/xfs")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return done();  // as node_exporter has it: none is no failure
    for (const auto& name : folder->names()) {
      const auto file = folder->read(name + "/stats/stats");
      if (file.is_missing()) continue;  // "stats" beside the devices, or one that was unmounted
      const auto path = folder->path_of(name + "/stats/stats");
      if (!file.ok()) throw ReadError("cannot read " + path + ": " + error_text(file.error));
      add(page, name, {file.text, path});
    }
    return done();
  }

 private:
  static void add(Page& page, const std::string& device, const Source& source) {
    const NumberRows rows(source);
    if (!rows.has("extent_alloc")) source.fail(source.text, "these are no statistics of XFS");
    for (const auto& row : kRows) {
      const auto numbers = rows.row(row.key, row.count);
      for (std::size_t i = 0; i < row.count; ++i) {
        page.add(*row.metrics[i], number_at(numbers, i), device);
      }
    }
  }

  std::string folder_;
};

}  // namespace

constinit const CollectorKind xfs_collector{"xfs", kProcLane, true, {}, create<Xfs>};

}  // namespace basewatch::node
