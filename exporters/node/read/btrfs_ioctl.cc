#include "exporters/node/read/btrfs_ioctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <optional>
#include <set>
#include <span>

#include "agent/base/unique_fd.h"

namespace basewatch::node {
namespace {

// Numbers of devices are never used again; a file system that has seen more is not walked through.
constexpr std::uint64_t kMaxDeviceId = 100'000;

std::string hexadecimal(std::span<const __u8> bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// As node_exporter writes a device's: "01234567-89ab-cdef-0123-456789abcdef".
std::string with_dashes(std::span<const __u8> bytes) {
  auto text = hexadecimal(bytes);
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
  return text;
}

// Nothing when the file system does not tell.
std::optional<std::vector<BtrfsDevice>> devices_of(int fd, const btrfs_ioctl_fs_info_args& info) {
  std::vector<BtrfsDevice> devices;
  if (info.max_id > kMaxDeviceId) return std::nullopt;
  for (std::uint64_t id = 0; id <= info.max_id && devices.size() < info.num_devices; ++id) {
    btrfs_ioctl_dev_info_args about{};
    about.devid = id;
    if (ioctl(fd, BTRFS_IOC_DEV_INFO, &about) != 0) {
      if (errno == ENODEV) continue;  // their numbers have gaps
      return std::nullopt;
    }
    btrfs_ioctl_get_dev_stats stats{};
    stats.devid = id;
    stats.nr_items = BTRFS_DEV_STAT_VALUES_MAX;
    if (ioctl(fd, BTRFS_IOC_GET_DEV_STATS, &stats) != 0) return std::nullopt;
    auto& device = devices.emplace_back();
    about.path[sizeof about.path - 1] = '\0';
    const std::string path(reinterpret_cast<const char*>(about.path));
    device.name = path.substr(path.rfind('/') + 1);
    device.uuid = with_dashes(about.uuid);
    device.total_bytes = about.total_bytes;
    device.used_bytes = about.bytes_used;
    for (std::size_t i = 0; i < std::size(device.errors); ++i) device.errors[i] = stats.values[i];
  }
  return devices;
}

}  // namespace

std::map<std::string, std::vector<BtrfsDevice>> ask_btrfs(const std::vector<Mount>& mounts,
                                                          const std::string& root) {
  std::map<std::string, std::vector<BtrfsDevice>> systems;
  std::set<std::string_view> done;  // devices: one file system may be mounted in many places
  for (const auto& mount : mounts) {
    if (mount.type != "btrfs" || done.contains(mount.device)) continue;
    const auto path = root == "/" ? mount.mountpoint : root + mount.mountpoint;
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NONBLOCK));
    btrfs_ioctl_fs_info_args info{};
    if (!fd || ioctl(fd.get(), BTRFS_IOC_FS_INFO, &info) != 0) continue;
    const auto uuid = hexadecimal(info.fsid);
    if (systems.contains(uuid)) continue;
    if (auto devices = devices_of(fd.get(), info)) {
      systems.emplace(uuid, std::move(*devices));
      done.insert(mount.device);
    }
  }
  return systems;
}

}  // namespace basewatch::node
