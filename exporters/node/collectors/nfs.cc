// What the NFS client of this host has called: /proc/net/rpc/nfs.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/number_rows.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// The procedures of each protocol, in the kernel's order, by node_exporter's names.
constexpr std::string_view kClientVersion2[] = {
    "Null",   "GetAttr", "SetAttr", "Root", "Lookup",  "ReadLink", "Read",  "WrCache", "Write",
    "Create", "Remove",  "Rename",  "Link", "SymLink", "MkDir",    "RmDir", "ReadDir", "FsStat"};
constexpr std::string_view kClientVersion3[] = {
    "Null",    "GetAttr",     "SetAttr", "Lookup", "Access",   "ReadLink", "Read",   "Write",
    "Create",  "MkDir",       "SymLink", "MkNod",  "Remove",   "RmDir",    "Rename", "Link",
    "ReadDir", "ReadDirPlus", "FsStat",  "FsInfo", "PathConf", "Commit"};
constexpr std::string_view kClientVersion4[] = {"Null",
                                                "Read",
                                                "Write",
                                                "Commit",
                                                "Open",
                                                "OpenConfirm",
                                                "OpenNoattr",
                                                "OpenDowngrade",
                                                "Close",
                                                "Setattr",
                                                "FsInfo",
                                                "Renew",
                                                "SetClientID",
                                                "SetClientIDConfirm",
                                                "Lock",
                                                "Lockt",
                                                "Locku",
                                                "Access",
                                                "Getattr",
                                                "Lookup",
                                                "LookupRoot",
                                                "Remove",
                                                "Rename",
                                                "Link",
                                                "Symlink",
                                                "Create",
                                                "Pathconf",
                                                "StatFs",
                                                "ReadLink",
                                                "ReadDir",
                                                "ServerCaps",
                                                "DelegReturn",
                                                "GetACL",
                                                "SetACL",
                                                "FsLocations",
                                                "ReleaseLockowner",
                                                "Secinfo",
                                                "FsidPresent",
                                                "ExchangeID",
                                                "CreateSession",
                                                "DestroySession",
                                                "Sequence",
                                                "GetLeaseTime",
                                                "ReclaimComplete",
                                                "GetDeviceInfo",
                                                "LayoutGet",
                                                "LayoutCommit",
                                                "LayoutReturn",
                                                "SecinfoNoName",
                                                "TestStateID",
                                                "FreeStateID",
                                                "GetDeviceList",
                                                "BindConnToSession",
                                                "DestroyClientID",
                                                "Seek",
                                                "Allocate",
                                                "DeAllocate",
                                                "LayoutStats",
                                                "Clone"};

class Nfs final : public NodeCollector {
 public:
  explicit Nfs(const Setup& setup) : file_(setup.proc("net/rpc/nfs")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("this host has mounted no NFS file system");
    const NumberRows rows(*source);
    if (!rows.has("net") && !rows.has("rpc"))
      source->fail(source->text, "these are no NFS statistics");
    const auto net = rows.row("net", 4);
    page.add(metrics::node::nfs_packets_total, number_at(net, 1), "udp");
    page.add(metrics::node::nfs_packets_total, number_at(net, 2), "tcp");
    page.add(metrics::node::nfs_connections_total, number_at(net, 3));
    const auto rpc = rows.row("rpc", 3);
    page.add(metrics::node::nfs_rpcs_total, number_at(rpc, 0));
    page.add(metrics::node::nfs_rpc_retransmissions_total, number_at(rpc, 1));
    page.add(metrics::node::nfs_rpc_authentication_refreshes_total, number_at(rpc, 2));
    add_requests(page, "2", kClientVersion2, rows.counted("proc2"));
    add_requests(page, "3", kClientVersion3, rows.counted("proc3"));
    add_requests(page, "4", kClientVersion4, rows.counted("proc4"));
    return done();
  }

 private:
  static void add_requests(Page& page, std::string_view version,
                           std::span<const std::string_view> methods,
                           std::span<const std::uint64_t> counts) {
    for (std::size_t i = 0; i < methods.size(); ++i) {
      page.add(metrics::node::nfs_requests_total, number_at(counts, i), version, methods[i]);
    }
  }

  KeptFile file_;
};

}  // namespace

constinit const CollectorKind nfs_collector{"nfs", kProcLane, true, {}, create<Nfs>};

}  // namespace basewatch::node
