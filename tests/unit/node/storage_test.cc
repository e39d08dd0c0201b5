#include <doctest/doctest.h>

#include "exporters/node/read/bcachefs.h"
#include "exporters/node/read/btrfs_ioctl.h"
#include "exporters/node/read/kstat.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kHeading = "8 1 0x01 3 90 1 2\nname                type data\n";

std::string kstat(std::string_view rows) {
  return std::string(kHeading).append(rows);
}

bool has(const std::string& page, std::string_view line) {
  return page.find(std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("kstat: numbers of both kinds, and texts with blanks") {
  const auto text = kstat("hits 4 18446744073709551615\nneed_free 3 -5\nname 7 a b c\nold 1 9\n");
  const Source source(text, "arcstats");
  auto rest = kstat_rows(source);
  CHECK(next_kstat_row(source, rest)->value == 18446744073709551615.0);
  CHECK(next_kstat_row(source, rest)->value == -5);
  CHECK(next_kstat_row(source, rest)->text == "a b c");
  CHECK(!next_kstat_row(source, rest)->value);
  CHECK(!next_kstat_row(source, rest));
  CHECK(thrown([] { kstat_rows("nothing\n"); }) ==
        "text:1: the heading 'name type data' is missing");
  const auto bad = kstat("hits 4 many\n");
  auto rows = kstat_rows(bad);
  CHECK(thrown([&] { next_kstat_row(bad, rows); }) == "text:3: 'many' is no whole number");
  std::string columns;
  for_each_pool_counter("12 3\nnread reads\n7 8\n", [&](std::string_view name, double value) {
    columns += std::string(name) + std::to_string(static_cast<int>(value));
  });
  CHECK(columns == "nread7reads8");
  const auto nothing = [](std::string_view, double) {};
  for (const auto* torn : {"", "12\n", "12\nnread\n", "12\nnread reads\n7\n", "12\nnread\nx\n"}) {
    CHECK_MESSAGE(!thrown([&] { for_each_pool_counter(torn, nothing); }).empty(), torn);
  }
}

TEST_CASE("zfs") {
  const Tree tree;
  CHECK(run(tree.settings(), "zfs") == "absent: ZFS is not loaded\n");
  tree.write("proc/spl/kstat/zfs/arcstats", kstat("hits 4 7\nl2-size 4 8\n"));
  tree.write("proc/spl/kstat/zfs/tank/io", "12 3 0x00\nnread reads future\n100 5 6\n");
  tree.write("proc/spl/kstat/zfs/tank/state", "SUSPENDED\n");
  tree.write("proc/spl/kstat/zfs/tank/objset-0x36",
             kstat("dataset_name 7 tank/my data\nwrites 4 9\n"));
  CHECK(run(tree.settings(), "zfs") ==
        "node_zfs_arc_hits 7\nnode_zfs_arc_l2_size 8\n"
        "node_zfs_zpool_dataset_writes{dataset=\"tank/my data\",zpool=\"tank\"} 9\n"
        "node_zfs_zpool_nread{zpool=\"tank\"} 100\nnode_zfs_zpool_reads{zpool=\"tank\"} 5\n"
        "node_zfs_zpool_state{state=\"online\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"faulted\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"offline\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"removed\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"unavail\",zpool=\"tank\"} 0\n"
        "node_zfs_zpool_state{state=\"suspended\",zpool=\"tank\"} 1\n");
  tree.write("proc/spl/kstat/zfs/arcstats", "torn");
  CHECK(thrown([&] { run(tree.settings(), "zfs"); }).find("arcstats:1: ") != std::string::npos);
}

TEST_CASE("xfs") {
  const Tree tree;
  CHECK(run(tree.settings(), "xfs").empty());
  tree.write("sys/fs/xfs/stats/stats", "extent_alloc 9 9 9 9\n");  // of all together
  tree.write("sys/fs/xfs/sdb1/stats/stats",
             "extent_alloc 1 2 3 4\nrw 5 6\nvnodes 1 0 0 0 1 1 7 0\ngc xpc 5\nxpc 1 2 3\n");
  const auto page = run(tree.settings(), "xfs");
  CHECK(has(page, "node_xfs_extent_allocation_blocks_freed_total{device=\"sdb1\"} 4"));
  CHECK(has(page, "node_xfs_write_calls_total{device=\"sdb1\"} 5"));
  CHECK(has(page, "node_xfs_read_calls_total{device=\"sdb1\"} 6"));
  CHECK(has(page, "node_xfs_vnode_remove_total{device=\"sdb1\"} 7"));
  CHECK(std::ranges::count(page, '\n') == 39);
  CHECK(page.find("device=\"stats\"") == std::string::npos);
  tree.write("sys/fs/xfs/sdb1/stats/stats", "extent_alloc 1 2\n");
  CHECK(thrown([&] { run(tree.settings(), "xfs"); }).find("stats:1: the row 'extent_alloc'") !=
        std::string::npos);
  tree.write("sys/fs/xfs/sdb1/stats/stats", "\n");
  CHECK(thrown([&] { run(tree.settings(), "xfs"); }).find("no statistics of XFS") !=
        std::string::npos);
}

TEST_CASE("btrfs, as sysfs tells it") {
  const Tree tree;
  CHECK(run(tree.settings(), "btrfs").empty());
  const std::string folder = "sys/fs/btrfs/01234567-89ab-cdef-0123-456789abcdef/";
  tree.write("sys/fs/btrfs/features/raid56", "0\n");
  tree.write(folder + "label", "data\n");
  tree.write(folder + "allocation/global_rsv_size", "4096\n");
  tree.write(folder + "allocation/data/bytes_reserved", "0\n");
  tree.write(folder + "allocation/data/raid6/total_bytes", "1000\n");
  tree.write(folder + "allocation/data/raid6/used_bytes", "600\n");
  tree.write(folder + "commit_stats", "commits 4\nlast_commit_ms 1500\ntotal_commit_ms 2500\n");
  for (const auto* disk : {"sda", "sdb", "sdc"}) {
    tree.write(folder + "devices/" + disk + "/size", "8\n");
  }
  const auto page = run(tree.settings(), "btrfs");
  const std::string uuid = "uuid=\"01234567-89ab-cdef-0123-456789abcdef\"}";
  CHECK(has(page, "node_btrfs_info{label=\"data\"," + uuid + " 1"));
  CHECK(has(page, "node_btrfs_last_commit_seconds{" + uuid + " 1.5"));
  CHECK(
      has(page, "node_btrfs_used_bytes{block_group_type=\"data\",mode=\"raid6\"," + uuid + " 600"));
  CHECK(has(page,
            "node_btrfs_allocation_ratio{block_group_type=\"data\",mode=\"raid6\"," + uuid + " 3"));
  CHECK(page.find("node_btrfs_device_size_bytes{btrfs_dev_uuid=\"\",device=\"sdc\"," + uuid +
                  " 4096\n") != std::string::npos);
  tree.write(folder + "metadata_uuid", "feedbeef-0000-0000-0000-000000000000\n");
  CHECK(run(tree.settings(), "btrfs").find("uuid=\"feedbeef-") != std::string::npos);
  tree.write(folder + "commit_stats", "commits many\n");
  CHECK(thrown([&] { run(tree.settings(), "btrfs"); }).find("commit_stats:1: ") !=
        std::string::npos);
  tree.write(folder + "commit_stats", "");
  tree.write(folder + "allocation/data/raid6/used_bytes", "much\n");
  CHECK(thrown([&] { run(tree.settings(), "btrfs"); }).find("used_bytes: 'much' is no number") !=
        std::string::npos);
}

TEST_CASE("a mount that is no btrfs, or not there, is left out") {
  Mount wrong, gone;
  wrong.type = gone.type = "btrfs";
  wrong.mountpoint = "/proc";
  gone.mountpoint = "/nowhere/at/all";
  CHECK(ask_btrfs({wrong, gone}, "/").empty());
}

TEST_CASE("bcachefs: numbers as people read them") {
  const auto bytes = [](std::string_view word) { return bcachefs_bytes(word, word); };
  CHECK(bytes("7") == 7);
  CHECK(bytes("1.5k") == 1536);
  CHECK(bytes("2M") == 2097152);
  CHECK(bytes("1.1G") == 1181116006);
  for (const auto* bad : {"", "k", "x", "-1", "nan", "1e30E", "1 2"}) {
    CHECK_MESSAGE(!thrown([&] { bytes(bad); }).empty(), bad);
  }
  CHECK(parse_bcachefs_counter("since mount: 4\nsince filesystem creation: 2k\n") == 2048);
  CHECK(parse_bcachefs_counter("since mount: 4\n") == 0);
  CHECK(!thrown([] { parse_bcachefs_counter("4\n"); }).empty());
  const auto io = parse_bcachefs_io("junk : 1\nread:\nsb : 5\nwrite:\nbtree : 6\nuser :\n");
  REQUIRE(io.size() == 2);
  CHECK(io[1].operation == "write");
  CHECK(io[1].data_type == "btree");
  CHECK(io[1].bytes == 6);
  const auto errors = parse_bcachefs_io_errors(
      "IO errors since filesystem creation\n  read: 3\n  write: 4\nIO errors since 2 days ago\n  "
      "read: 1\n");
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].first == 3);
  CHECK(parse_bcachefs_io_errors("IO errors since boot\nread: 1\n").empty());
}

TEST_CASE("bcachefs") {
  const Tree tree;
  CHECK(run(tree.settings(), "bcachefs") == "absent: no bcachefs is mounted\n");
  const std::string folder = "sys/fs/bcachefs/u-1/";
  tree.write(folder + "btree_cache_size", "1.5M\n");
  tree.write(folder + "compression_stats", "type compressed uncompressed average\nlz4 1k 2k 3k\n");
  tree.write(folder + "errors", "alloc_key_wrong 2 1700000000\n");
  tree.write(folder + "counters/io_read", "since mount: 1\nsince filesystem creation: 5\n");
  tree.write(folder + "counters/errors", "since mount: 1\n");  // its name is taken
  tree.write(folder + "btree_write_stats", "  nr size\ninitial: 7 2.0k\n");
  tree.write(folder + "dev-0/label", "ssd\n");
  tree.write(folder + "dev-0/state", "[rw] ro\n");
  tree.write(folder + "dev-0/bucket_size", "256k\n");
  tree.write(folder + "dev-0/nbuckets", "99\n");
  CHECK(run(tree.settings(), "bcachefs") ==
        "node_bcachefs_btree_cache_size_bytes{uuid=\"u-1\"} 1572864\n"
        "node_bcachefs_btree_write_average_size_bytes{type=\"initial\",uuid=\"u-1\"} 2048\n"
        "node_bcachefs_btree_writes_total{type=\"initial\",uuid=\"u-1\"} 7\n"
        "node_bcachefs_compression_compressed_bytes{algorithm=\"lz4\",uuid=\"u-1\"} 1024\n"
        "node_bcachefs_compression_uncompressed_bytes{algorithm=\"lz4\",uuid=\"u-1\"} 2048\n"
        "node_bcachefs_device_bucket_size_bytes{device=\"0\",uuid=\"u-1\"} 262144\n"
        "node_bcachefs_device_buckets{device=\"0\",uuid=\"u-1\"} 99\n"
        "node_bcachefs_device_durability{device=\"0\",uuid=\"u-1\"} 0\n"
        "node_bcachefs_device_info{device=\"0\",label=\"ssd\",state=\"[rw] ro\",uuid=\"u-1\"} 1\n"
        "node_bcachefs_errors_total{error_type=\"alloc_key_wrong\",uuid=\"u-1\"} 2\n"
        "node_bcachefs_info{uuid=\"u-1\"} 1\nnode_bcachefs_io_read_total{uuid=\"u-1\"} 5\n");
  tree.write(folder + "btree_cache_size", "\xff\xfe\n");
  CHECK(thrown([&] { run(tree.settings(), "bcachefs"); }).find("is no number of bytes") !=
        std::string::npos);
}

}  // namespace basewatch::node
