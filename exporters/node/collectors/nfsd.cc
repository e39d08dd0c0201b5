// What the NFS server of this host has answered: /proc/net/rpc/nfsd.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/number_rows.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// The procedures of each protocol, in the kernel's order, by node_exporter's names; an empty name
// is one that it leaves out.
constexpr std::string_view kServerVersion2[] = {
    "",       "GetAttr", "SetAttr", "Root", "Lookup",  "ReadLink", "Read",  "WrCache", "Write",
    "Create", "Remove",  "Rename",  "Link", "SymLink", "MkDir",    "RmDir", "ReadDir", "FsStat"};
constexpr std::string_view kServerVersion3[] = {
    "",        "GetAttr",     "SetAttr", "Lookup", "Access",   "ReadLink", "Read",   "Write",
    "Create",  "MkDir",       "SymLink", "MkNod",  "Remove",   "RmDir",    "Rename", "Link",
    "ReadDir", "ReadDirPlus", "FsStat",  "FsInfo", "PathConf", "Commit"};
constexpr std::string_view kServerVersion4[] = {"",
                                                "",
                                                "",
                                                "Access",
                                                "Close",
                                                "Commit",
                                                "Create",
                                                "DelegPurge",
                                                "DelegReturn",
                                                "GetAttr",
                                                "GetFH",
                                                "Link",
                                                "Lock",
                                                "Lockt",
                                                "Locku",
                                                "Lookup",
                                                "LookupRoot",
                                                "Nverify",
                                                "Open",
                                                "OpenAttr",
                                                "OpenConfirm",
                                                "OpenDgrd",
                                                "PutFH",
                                                "",
                                                "",
                                                "Read",
                                                "ReadDir",
                                                "ReadLink",
                                                "Remove",
                                                "Rename",
                                                "Renew",
                                                "RestoreFH",
                                                "SaveFH",
                                                "SecInfo",
                                                "SetAttr",
                                                "SetClientID",
                                                "SetClientIDConfirm",
                                                "Verify",
                                                "Write",
                                                "RelLockOwner"};

class Nfsd final : public NodeCollector {
 public:
  explicit Nfsd(const Setup& setup) : file_(setup.proc("net/rpc/nfsd")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("no NFS server runs here");
    const NumberRows rows(*source);
    if (!rows.has("net") && !rows.has("rpc"))
      source->fail(source->text, "these are no NFS statistics");
    add_caches(page, rows);
    add_network(page, rows);
    add_requests(page, "2", kServerVersion2, rows.counted("proc2"));
    add_requests(page, "3", kServerVersion3, rows.counted("proc3"));
    add_requests(page, "4", kServerVersion4, rows.counted("proc4ops"));
    const auto delegations = rows.row("wdeleg_getattr", 1);
    page.add(metrics::node::nfsd_requests_total, number_at(delegations, 0), "4", "WdelegGetattr");
    return done();
  }

 private:
  static void add_caches(Page& page, const NumberRows& rows) {
    const auto replies = rows.row("rc", 3);
    page.add(metrics::node::nfsd_reply_cache_hits_total, number_at(replies, 0));
    page.add(metrics::node::nfsd_reply_cache_misses_total, number_at(replies, 1));
    page.add(metrics::node::nfsd_reply_cache_nocache_total, number_at(replies, 2));
    page.add(metrics::node::nfsd_file_handles_stale_total, number_at(rows.row("fh", 1), 0));
    const auto bytes = rows.row("io", 2);
    page.add(metrics::node::nfsd_disk_bytes_read_total, number_at(bytes, 0));
    page.add(metrics::node::nfsd_disk_bytes_written_total, number_at(bytes, 1));
    page.add(metrics::node::nfsd_server_threads, number_at(rows.row("th", 1), 0));
    const auto ahead = rows.row("ra", 12);
    page.add(metrics::node::nfsd_read_ahead_cache_size_blocks, number_at(ahead, 0));
    page.add(metrics::node::nfsd_read_ahead_cache_not_found_total, number_at(ahead, 11));
  }

  static void add_network(Page& page, const NumberRows& rows) {
    const auto net = rows.row("net", 4);
    page.add(metrics::node::nfsd_packets_total, number_at(net, 1), "udp");
    page.add(metrics::node::nfsd_packets_total, number_at(net, 2), "tcp");
    page.add(metrics::node::nfsd_connections_total, number_at(net, 3));
    const auto rpc = rows.row("rpc", 5);
    page.add(metrics::node::nfsd_rpc_errors_total, number_at(rpc, 2), "fmt");
    page.add(metrics::node::nfsd_rpc_errors_total, number_at(rpc, 3), "auth");
    page.add(metrics::node::nfsd_rpc_errors_total, number_at(rpc, 4), "cInt");
    page.add(metrics::node::nfsd_server_rpcs_total, number_at(rpc, 0));
  }

  static void add_requests(Page& page, std::string_view version,
                           std::span<const std::string_view> methods,
                           std::span<const std::uint64_t> counts) {
    for (std::size_t i = 0; i < methods.size(); ++i) {
      if (methods[i].empty()) continue;
      page.add(metrics::node::nfsd_requests_total, number_at(counts, i), version, methods[i]);
    }
  }

  KeptFile file_;
};

}  // namespace

constinit const CollectorKind nfsd_collector{"nfsd", kProcLane, true, {}, create<Nfsd>};

}  // namespace basewatch::node
