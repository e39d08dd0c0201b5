#include <doctest/doctest.h>

#include "exporters/node/read/mountstats.h"
#include "exporters/node/read/number_rows.h"
#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kClient =
    "net 12 3 9 2\n"
    "rpc 500 7 501\n"
    "proc3 22 0 11 0 5 6 0 100 40 2 1 0 0 3 0 0 0 4 1 8 1 0 9\n"
    "proc4 5 0 70 80 1 2\n";

constexpr std::string_view kServer =
    "rc 1 2 3\nfh 4 0 0 0 0\nio 1000 2000\n"
    "th 8 0 0.000 1.500 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000\n"
    "ra 32 0 0 0 0 0 0 0 0 0 0 6\nnet 10 1 9 2\nrpc 100 6 1 2 3\n"
    "proc3 22 0 11 0 5 6 0 100 40 2 1 0 0 3 0 0 0 4 1 8 1 0 9\n"
    "proc4 2 1 60\n"
    "proc4ops 40 0 0 0 3 4 5 0 0 0 9 10 0 0 0 0 15 0 0 18 0 0 0 22 0 0 25 0 0 0 0 0 0 0 0 0 0 0 0 "
    "38 39\n";

constexpr std::string_view kStats =
    "device proc mounted on /proc with fstype proc\n"
    "device nas:/home mounted on /home with fstype nfs4 statvers=1.1\n"
    "\topts:\trw,vers=4.2\n"
    "\tage:\t120\n"
    "\tevents:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\n"
    "\tbytes:\t1 2 3 4 5 6 7 8\n"
    "\tRPC iostats version: 1.1  p/v: 100003/4 (nfs)\n"
    "\txprt:\ttcp 700 1 2 3 4 5 6 7 8 9 10 11 12\n"
    "\txprt:\ttcp 701 0 1 0 0 5 6 0 8 0 10 11 12\n"
    "\tper-op statistics\n"
    "\t        READ: 9 9 0 100 2000 1500 2500 4000 0\n"
    "\t       WRITE: 0 0 0 0 0 18446743919241604546 0 0\n"
    "\n"
    "device old:/tmp mounted on /old with fstype nfs statvers=1.0\n"
    "\tage:\t5\n"
    "\tevents:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\n"
    "\tbytes:\t1 2 3 4 5 6 7 8\n"
    "\txprt:\tudp 832 1 5 6 7 8 9\n"
    "\tper-op statistics\n"
    "\t        NULL: 0 0 0 0 0 0 0 0\n";

bool has(const std::string& page, std::string_view line) {
  return page.find(std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("rows of numbers: what is missing is none, what is short or miscounted is an error") {
  const NumberRows rows(Source("a 1 2 3\nb\nc 2 5 6\nd 7 x 8\ne 3 1\n", "stats"));
  CHECK(rows.row("a", 2).size() == 2);
  CHECK(rows.row("nothing", 2).empty());
  CHECK(number_at(rows.row("d", 1), 0) == 7);
  CHECK(number_at(rows.row("a", 3), 7) == 0);
  CHECK(rows.counted("c").size() == 2);
  CHECK(rows.counted("nothing").empty());
  CHECK(thrown([&] { rows.row("d", 2); }) ==
        "stats:4: the row 'd' has 1 numbers, and should have 2");
  CHECK(thrown([&] { rows.row("b", 1); }).starts_with("stats:2: "));
  CHECK(thrown([&] { rows.counted("e"); }) ==
        "stats:5: the row 'e' does not have as many numbers as it says");
}

TEST_CASE("nfs") {
  const Tree tree;
  CHECK(run(tree.settings(), "nfs") == "absent: this host has mounted no NFS file system\n");
  tree.write("proc/net/rpc/nfs", kClient);
  const auto page = run(tree.settings(), "nfs");
  CHECK(has(page, "node_nfs_packets_total{protocol=\"tcp\"} 9"));
  CHECK(has(page, "node_nfs_rpc_retransmissions_total 7"));
  CHECK(has(page, "node_nfs_requests_total{method=\"Commit\",proto=\"3\"} 9"));
  CHECK(has(page, "node_nfs_requests_total{method=\"Write\",proto=\"4\"} 80"));
  CHECK(has(page, "node_nfs_requests_total{method=\"Clone\",proto=\"4\"} 0"));   // a newer kernel's
  CHECK(has(page, "node_nfs_requests_total{method=\"FsStat\",proto=\"2\"} 0"));  // built without
  tree.write("proc/net/rpc/nfs", kClient.substr(0, kClient.size() - 4));         // torn
  CHECK(thrown([&] { run(tree.settings(), "nfs"); }).find("nfs:4: the row 'proc4'") !=
        std::string::npos);
  tree.write("proc/net/rpc/nfs", std::string("\0\1\2garbage", 10));
  CHECK(thrown([&] { run(tree.settings(), "nfs"); }).find("these are no NFS statistics") !=
        std::string::npos);
}

TEST_CASE("nfsd") {
  const Tree tree;
  CHECK(run(tree.settings(), "nfsd") == "absent: no NFS server runs here\n");
  tree.write("proc/net/rpc/nfsd", kServer);
  const auto page = run(tree.settings(), "nfsd");
  CHECK(has(page, "node_nfsd_server_threads 8"));
  CHECK(has(page, "node_nfsd_read_ahead_cache_not_found_total 6"));
  CHECK(has(page, "node_nfsd_rpc_errors_total{error=\"cInt\"} 3"));
  CHECK(has(page, "node_nfsd_requests_total{method=\"GetAttr\",proto=\"4\"} 9"));
  CHECK(has(page, "node_nfsd_requests_total{method=\"PutFH\",proto=\"4\"} 22"));
  CHECK(has(page, "node_nfsd_requests_total{method=\"RelLockOwner\",proto=\"4\"} 39"));
  CHECK(has(page, "node_nfsd_requests_total{method=\"WdelegGetattr\",proto=\"4\"} 0"));
  CHECK(page.find("method=\"\"") == std::string::npos);
  std::filesystem::remove(tree.path("proc/net/rpc/nfsd"));
  std::filesystem::create_directories(tree.path("proc/net/rpc/nfsd"));
  CHECK(thrown([&] { run(tree.settings(), "nfsd"); }).find("cannot read ") == 0);
}

TEST_CASE("mountstats are parsed for NFS mounts alone") {
  const auto mounts = parse_mountstats(kStats);
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].position == 1);
  CHECK(mounts[0].device == "nas:/home");
  CHECK(mounts[0].mountpoint == "/home");
  REQUIRE(mounts[0].transports.size() == 2);
  CHECK(mounts[0].transports[0].numbers[NfsTransport::pending] == 12);
  REQUIRE(mounts[0].operations.size() == 2);
  CHECK(mounts[0].operations[0].name == "READ");
  const auto& udp = mounts[1].transports.at(0);  // has no connections, and of 1.0 no slots
  CHECK(udp.numbers[NfsTransport::connect] == 0);
  CHECK(udp.numbers[NfsTransport::sends] == 5);
  CHECK(udp.numbers[NfsTransport::backlog] == 9);
  CHECK(udp.numbers[NfsTransport::slots] == 0);
  for (const auto* bad :
       {"device x\n", "device a mounted on /b with fstype nfs statvers=1.1\nbytes: 1 2\n",
        "device a mounted on /b with fstype nfs statvers=1.1\nage: x\n",
        "device a mounted on /b with fstype nfs statvers=1.1\nxprt: tcp 1\n",
        "device a mounted on /b with fstype nfs statvers=1.1\nper-op statistics\nREAD: 1\n"}) {
    CHECK_MESSAGE(thrown([&] { parse_mountstats(bad); }).starts_with("text:"), bad);
  }
  CHECK(parse_mountstats("").empty());
}

TEST_CASE("mountstats") {
  const Tree tree;
  tree.write("proc/self/mountstats", kStats);
  tree.write(
      "proc/self/mountinfo",
      "20 1 0:4 / /proc rw - proc proc rw\n"
      "21 1 0:5 / /home rw - nfs4 nas:/home rw,vers=4.2,clientaddr=10.0.0.9,addr=10.0.0.1\n");
  const auto page = run(tree.settings(), "mountstats");
  const std::string nas = "{export=\"nas:/home\",mountaddr=\"10.0.0.1\",";
  CHECK(has(page, "node_mountstats_nfs_age_seconds_total" + nas + "protocol=\"tcp\"} 120"));
  CHECK(has(page, "node_mountstats_nfs_event_truncation_total" + nas + "protocol=\"tcp\"} 20"));
  CHECK(has(page, "node_mountstats_nfs_transport_bind_total" + nas +
                      "protocol=\"tcp\",transport=\"1\"} 0"));
  CHECK(has(page, "node_mountstats_nfs_operations_queue_time_seconds_total" + nas +
                      "operation=\"READ\",protocol=\"tcp\"} 1.5"));
  // What the kernel has let run below 0 wraps as in node_exporter.
  CHECK(has(page, "node_mountstats_nfs_operations_queue_time_seconds_total" + nas +
                      "operation=\"WRITE\",protocol=\"tcp\"} 9007044786793.922"));
  CHECK(page.find("export=\"old:/tmp\",mountaddr=\"\"") != std::string::npos);
  std::filesystem::remove(tree.path("proc/self/mountstats"));
  CHECK(thrown([&] { run(tree.settings(), "mountstats"); }).find("cannot read ") == 0);
}

}  // namespace basewatch::node
