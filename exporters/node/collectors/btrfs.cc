// What btrfs says of each of its file systems: /sys/fs/btrfs/<uuid>, and by ioctl the errors of
// their devices.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/btrfs_ioctl.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/mounts.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

constexpr std::string_view kErrors[] = {"write", "read", "flush", "corruption", "generation"};
constexpr double kSector = 512;

// How many bytes on the devices one byte takes.
double ratio_of(std::string_view profile, std::size_t device_count) {
  const auto devices = static_cast<double>(device_count);
  if (profile == "single" || profile == "raid0") return 1;
  if (profile == "dup" || profile == "raid1" || profile == "raid10") return 2;
  if (profile == "raid1c3") return 3;
  if (profile == "raid1c4") return 4;
  if (profile == "raid5") return devices / (devices - 1);
  if (profile == "raid6") return devices / (devices - 2);
  return 0;
}

class Btrfs final : public NodeCollector {
 public:
  explicit Btrfs(const Setup& setup)
      : folder_(setup.sys("fs/btrfs")),
        root_(setup.settings.text("paths.rootfs")),
        init_mounts_(setup.proc("1/mountinfo")),
        own_mounts_(setup.proc("self/mountinfo")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return done();  // as node_exporter has it: none is no failure
    auto names = folder->names();
    std::erase_if(names, [](const auto& name) { return name.find('-') == name.npos; });
    if (names.empty()) return done();
    const auto asked = ask();
    for (const auto& name : names) {
      if (const auto system = folder->folder(name)) add(page, name, *system, asked);
    }
    return done();
  }

 private:
  using Asked = std::map<std::string, std::vector<BtrfsDevice>>;

  Asked ask() {
    auto source = init_mounts_.try_read();
    if (!source) source = own_mounts_.try_read();
    if (!source) return {};
    auto mounts = parse_mounts(*source);
    for (auto& mount : mounts) mount.mountpoint = std::string(strip_root(mount.mountpoint, root_));
    return ask_btrfs(mounts, root_);
  }

  static double whole(const SysFolder& folder, std::string_view name) {
    return static_cast<double>(folder.whole(name).value_or(0));
  }

  static void add(Page& page, const std::string& name, const SysFolder& system,
                  const Asked& asked) {
    auto uuid = system.text("metadata_uuid").value_or("");
    if (uuid.empty()) uuid = name;
    page.add(m::btrfs_info, 1, uuid, system.text("label").value_or(""));
    page.add(m::btrfs_global_rsv_size_bytes, whole(system, "allocation/global_rsv_size"), uuid);
    add_commits(page, uuid, system);
    const auto devices = system.folder("devices");
    const auto device_names = devices ? devices->names() : std::vector<std::string>();
    for (const auto* type : {"data", "metadata", "system"}) {
      if (const auto group = system.folder(std::string("allocation/") + type)) {
        add_group(page, uuid, type, *group, device_names.size());
      }
    }
    auto digits = uuid;
    std::erase(digits, '-');
    if (const auto found = asked.find(digits); found != asked.end()) {
      for (const auto& device : found->second) add_device(page, uuid, device);
      return;
    }
    for (const auto& device : device_names) {
      const auto sectors = whole(*devices, device + "/size");
      page.add(m::btrfs_device_size_bytes, kSector * sectors, uuid, device, "");
    }
  }

  // Since Linux 6.0; before, everything is 0.
  static void add_commits(Page& page, const std::string& uuid, const SysFolder& system) {
    const auto file = system.read("commit_stats");
    if (!file.ok() && !file.is_missing()) system.fail("commit_stats", error_text(file.error));
    const auto path = system.path_of("commit_stats");
    const Source source(file.text, path);
    double commits = 0, last = 0, longest = 0, total = 0;
    for_each_row(source, [&](std::string_view key, std::string_view rest) {
      const auto value = static_cast<double>(source.whole(next_word(rest)));
      if (key == "commits") commits = value;
      if (key == "last_commit_ms") last = value;
      if (key == "max_commit_ms") longest = value;
      if (key == "total_commit_ms") total = value;
    });
    page.add(m::btrfs_commits_total, commits, uuid);
    page.add(m::btrfs_last_commit_seconds, last / 1000, uuid);
    page.add(m::btrfs_max_commit_seconds, longest / 1000, uuid);
    page.add(m::btrfs_commit_seconds_total, total / 1000, uuid);
  }

  static void add_group(Page& page, const std::string& uuid, std::string_view type,
                        const SysFolder& group, std::size_t devices) {
    page.add(m::btrfs_reserved_bytes, whole(group, "bytes_reserved"), uuid, type);
    for (const auto& name : group.folder_names()) {
      const auto profile = group.folder(name);
      if (!profile) continue;  // an attribute
      page.add(m::btrfs_used_bytes, whole(*profile, "used_bytes"), uuid, type, name);
      page.add(m::btrfs_size_bytes, whole(*profile, "total_bytes"), uuid, type, name);
      page.add(m::btrfs_allocation_ratio, ratio_of(name, devices), uuid, type, name);
    }
  }

  static void add_device(Page& page, const std::string& uuid, const BtrfsDevice& device) {
    page.add(m::btrfs_device_size_bytes, static_cast<double>(device.total_bytes), uuid, device.name,
             device.uuid);
    page.add(m::btrfs_device_unused_bytes,
             static_cast<double>(device.total_bytes - device.used_bytes), uuid, device.name,
             device.uuid);
    for (std::size_t i = 0; i < std::size(kErrors); ++i) {
      page.add(m::btrfs_device_errors_total, static_cast<double>(device.errors[i]), uuid,
               kErrors[i], device.name, device.uuid);
    }
  }

  std::string folder_, root_;
  KeptFile init_mounts_, own_mounts_;
};

}  // namespace

// Opening a file system may wait for its devices.
constinit const CollectorKind btrfs_collector{"btrfs", kOwnLane, true, {}, create<Btrfs>};

}  // namespace basewatch::node
