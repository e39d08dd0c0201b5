// What the NFS client counts for each mount: /proc/self/mountstats.
#include <algorithm>
#include <set>
#include <tuple>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/mounts.h"
#include "exporters/node/read/mountstats.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

// In the order of the numbers of `bytes:` and `events:`.
constexpr const Metric<3>* kBytes[] = {
    &m::mountstats_nfs_read_bytes_total,        &m::mountstats_nfs_write_bytes_total,
    &m::mountstats_nfs_direct_read_bytes_total, &m::mountstats_nfs_direct_write_bytes_total,
    &m::mountstats_nfs_total_read_bytes_total,  &m::mountstats_nfs_total_write_bytes_total,
    &m::mountstats_nfs_read_pages_total,        &m::mountstats_nfs_write_pages_total};
constexpr const Metric<3>* kEvents[] = {&m::mountstats_nfs_event_inode_revalidate_total,
                                        &m::mountstats_nfs_event_dnode_revalidate_total,
                                        &m::mountstats_nfs_event_data_invalidate_total,
                                        &m::mountstats_nfs_event_attribute_invalidate_total,
                                        &m::mountstats_nfs_event_vfs_open_total,
                                        &m::mountstats_nfs_event_vfs_lookup_total,
                                        &m::mountstats_nfs_event_vfs_access_total,
                                        &m::mountstats_nfs_event_vfs_update_page_total,
                                        &m::mountstats_nfs_event_vfs_read_page_total,
                                        &m::mountstats_nfs_event_vfs_read_pages_total,
                                        &m::mountstats_nfs_event_vfs_write_page_total,
                                        &m::mountstats_nfs_event_vfs_write_pages_total,
                                        &m::mountstats_nfs_event_vfs_getdents_total,
                                        &m::mountstats_nfs_event_vfs_setattr_total,
                                        &m::mountstats_nfs_event_vfs_flush_total,
                                        &m::mountstats_nfs_event_vfs_fsync_total,
                                        &m::mountstats_nfs_event_vfs_lock_total,
                                        &m::mountstats_nfs_event_vfs_file_release_total,
                                        nullptr,  // congestion, which the kernel no longer counts
                                        &m::mountstats_nfs_event_truncation_total,
                                        &m::mountstats_nfs_event_write_extension_total,
                                        &m::mountstats_nfs_event_silly_rename_total,
                                        &m::mountstats_nfs_event_short_read_total,
                                        &m::mountstats_nfs_event_short_write_total,
                                        &m::mountstats_nfs_event_jukebox_delay_total,
                                        &m::mountstats_nfs_event_pnfs_read_total,
                                        &m::mountstats_nfs_event_pnfs_write_total};
constexpr std::pair<NfsTransport::Number, const Metric<4>*> kTransport[] = {
    {NfsTransport::bind, &m::mountstats_nfs_transport_bind_total},
    {NfsTransport::connect, &m::mountstats_nfs_transport_connect_total},
    {NfsTransport::idle, &m::mountstats_nfs_transport_idle_time_seconds},
    {NfsTransport::sends, &m::mountstats_nfs_transport_sends_total},
    {NfsTransport::receives, &m::mountstats_nfs_transport_receives_total},
    {NfsTransport::bad_ids, &m::mountstats_nfs_transport_bad_transaction_ids_total},
    {NfsTransport::backlog, &m::mountstats_nfs_transport_backlog_queue_total},
    {NfsTransport::slots, &m::mountstats_nfs_transport_maximum_rpc_slots},
    {NfsTransport::sending, &m::mountstats_nfs_transport_sending_queue_total},
    {NfsTransport::pending, &m::mountstats_nfs_transport_pending_queue_total}};
constexpr const Metric<4>* kOperation[] = {
    &m::mountstats_nfs_operations_requests_total,
    &m::mountstats_nfs_operations_transmissions_total,
    &m::mountstats_nfs_operations_major_timeouts_total,
    &m::mountstats_nfs_operations_sent_bytes_total,
    &m::mountstats_nfs_operations_received_bytes_total,
    &m::mountstats_nfs_operations_queue_time_seconds_total,
    &m::mountstats_nfs_operations_response_time_seconds_total,
    &m::mountstats_nfs_operations_request_time_seconds_total};

// Times wrap where a double would lose milliseconds, as node_exporter lets them.
constexpr std::uint64_t kWrap = 1ull << 53;

std::string_view option(std::string_view options, std::string_view name) {
  for (const auto word : split(options, ',')) {
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      return word.substr(name.size() + 1);
    }
  }
  return {};
}

class Mountstats final : public NodeCollector {
 public:
  explicit Mountstats(const Setup& setup)
      : file_(setup.proc("self/mountstats")), mountinfo_(setup.proc("self/mountinfo")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto mounts = parse_mountstats(file_.read());
    if (mounts.empty()) return done();
    const auto known = parse_mounts(mountinfo_.read());
    seen_.clear();
    for (const auto& mount : mounts) {
      const auto address = server_of(mount, known);
      for (const auto& transport : mount.transports) {
        page.add(m::mountstats_nfs_mountpoint_info, 1, mount.device, transport.protocol, address,
                 mount.mountpoint);
        // An export that is mounted twice is counted once, with all its connections.
        if (!seen_.emplace(mount.device, transport.protocol, address).second) break;
        add(page, mount, transport.protocol, address);
      }
    }
    return done();
  }

 private:
  // Both files list the mounts in the same order, unless one came or went in between.
  static std::string_view server_of(const NfsMount& mount, const std::vector<Mount>& known) {
    auto found = known.begin();
    if (mount.position < known.size()) found += static_cast<std::ptrdiff_t>(mount.position);
    if (found == known.end() || found->device != mount.device) {
      found = std::ranges::find(known, mount.device, &Mount::device);
    }
    return found == known.end() ? std::string_view() : option(found->super_options, "addr");
  }

  static void add(Page& page, const NfsMount& mount, std::string_view protocol,
                  std::string_view address) {
    page.add(m::mountstats_nfs_age_seconds_total, mount.age, mount.device, protocol, address);
    const auto add_all = [&](const auto& metrics, const auto& numbers) {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (!metrics[i]) continue;
        page.add(*metrics[i], static_cast<double>(numbers[i]), mount.device, protocol, address);
      }
    };
    add_all(kBytes, mount.bytes);
    add_all(kEvents, mount.events);
    for (std::size_t i = 0; i < mount.transports.size(); ++i) {
      for (const auto& [number, metric] : kTransport) {
        const auto value = mount.transports[i].numbers[number];
        page.add(*metric, static_cast<double>(number == NfsTransport::idle ? value % kWrap : value),
                 mount.device, protocol, address, std::to_string(i));
      }
    }
    for (const auto& operation : mount.operations) {
      for (std::size_t i = 0; i < operation.numbers.size(); ++i) {
        const auto value = operation.numbers[i];
        const bool is_time = i >= NfsOperation::queue_ms;
        page.add(*kOperation[i],
                 is_time ? static_cast<double>(value % kWrap) / 1000 : static_cast<double>(value),
                 mount.device, protocol, address, operation.name);
      }
    }
  }

  KeptFile file_, mountinfo_;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen_;
};

}  // namespace

// The list of mounts is locked while a file system is being mounted.
constinit const CollectorKind mountstats_collector{
    "mountstats", kOwnLane, false, {}, create<Mountstats>};

}  // namespace basewatch::node
