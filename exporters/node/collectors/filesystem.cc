// The sizes of the mounted file systems. A mount that does not answer costs only itself; see
// read/mount_prober.h.
#include <fmt/format.h>

#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/mounts.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kFilesystemOptions[] = {
    {"collectors.filesystem.mount_points_exclude", OptionType::regex,
     "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
     "Which mount points are left out."},
    {"collectors.filesystem.mount_points_include", OptionType::regex, "",
     "Which mount points are looked at."},
    {"collectors.filesystem.fs_types_exclude", OptionType::regex,
     "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|"
     "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|"
     "tracefs)$",
     "Which types of file system are left out."},
    {"collectors.filesystem.fs_types_include", OptionType::regex, "",
     "Which types of file system are looked at."},
    {"collectors.filesystem.mount_timeout", OptionType::duration, "5s",
     "How long a mount may take to answer before it counts as hung."},
};

// Types that live behind a server or a program, and hang when it is gone.
bool is_remote(std::string_view type) {
  constexpr std::string_view kTypes[] = {"9p",    "afs",  "beegfs", "ceph",     "cifs",  "coda",
                                         "gfs2",  "gpfs", "lustre", "ncpfs",    "nfs",   "nfs4",
                                         "ocfs2", "smb3", "smbfs",  "virtiofs", "vboxsf"};
  return type.starts_with("fuse") || std::ranges::find(kTypes, type) != std::end(kTypes);
}

class Filesystem final : public NodeCollector {
 public:
  explicit Filesystem(const Setup& setup)
      : root_(setup.settings.text("paths.rootfs")),
        init_mounts_(setup.proc("1/mountinfo")),
        own_mounts_(setup.proc("self/mountinfo")),
        mount_points_(setup.settings, "collectors.filesystem.mount_points_exclude",
                      "collectors.filesystem.mount_points_include"),
        types_(setup.settings, "collectors.filesystem.fs_types_exclude",
               "collectors.filesystem.fs_types_include"),
        timeout_(setup.settings.duration("collectors.filesystem.mount_timeout")),
        prober_(setup.mounts) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    read_mounts();
    // A tenth is kept for what comes after: a run that ends past its deadline has failed.
    const auto until = prober_->clock().now() + deadline.remaining() * 9 / 10;
    const auto answers = prober_->ask(targets_, until, timeout_);
    for (std::size_t i = 0; i < mounts_.size(); ++i) add(page, mounts_[i], answers[i]);
    return done();
  }

 private:
  // The list of mounts seldom changes: it is taken apart only when its text is another one.
  void read_mounts() {
    auto source = init_mounts_.try_read();  // of process 1: it sees what a container does not
    if (!source) source = own_mounts_.read();
    if (source->text == text_) return;
    text_.clear();
    mounts_.clear();
    targets_.clear();
    for (auto& mount : parse_mounts(*source)) {
      mount.mountpoint = std::string(strip_root(mount.mountpoint, root_));
      if (!mount_points_.accepts(mount.mountpoint) || !types_.accepts(mount.type)) continue;
      const auto is_same = [&](const Mount& other) {
        return other.mountpoint == mount.mountpoint && other.device == mount.device &&
               other.type == mount.type;
      };
      if (std::ranges::any_of(mounts_, is_same)) continue;  // mounted twice, seen once
      targets_.push_back({path_of(mount), is_remote(mount.type)});
      mounts_.push_back(std::move(mount));
    }
    text_ = source->text;
  }

  std::string path_of(const Mount& mount) const {
    return root_ == "/" ? mount.mountpoint : root_ + mount.mountpoint;
  }

  static std::string error_of(const MountProber::Answer& answer) {
    switch (answer.state) {
      case MountProber::State::answered:
        return {};
      case MountProber::State::failed:
        return error_text(answer.error);
      case MountProber::State::hung:
        return "mountpoint timeout";  // node_exporter's words
      case MountProber::State::not_asked:
        return "not asked, other mounts hang";
    }
    return {};
  }

  static void add(Page& page, const Mount& mount, const MountProber::Answer& answer) {
    const auto error = error_of(answer);
    const auto put = [&](const Metric<4>& metric, double value) {
      page.add(metric, value, mount.device, mount.mountpoint, mount.type, error);
    };
    put(metrics::node::filesystem_device_error, error.empty() ? 0 : 1);
    put(metrics::node::filesystem_readonly, mount.is_read_only ? 1 : 0);
    if (answer.state == MountProber::State::hung) {
      page.add(metrics::node::filesystem_hung_seconds, seconds(answer.hanging), mount.device,
               mount.mountpoint, mount.type);
    }
    if (!error.empty()) return;
    const auto& info = answer.info;
    const auto bytes = [&](auto blocks) {
      return static_cast<double>(blocks) * static_cast<double>(info.f_bsize);
    };
    put(metrics::node::filesystem_size_bytes, bytes(info.f_blocks));
    put(metrics::node::filesystem_free_bytes, bytes(info.f_bfree));
    put(metrics::node::filesystem_avail_bytes, bytes(info.f_bavail));
    put(metrics::node::filesystem_files, static_cast<double>(info.f_files));
    put(metrics::node::filesystem_files_free, static_cast<double>(info.f_ffree));
    put(metrics::node::filesystem_purgeable_bytes, 0);
    page.add(metrics::node::filesystem_mount_info, 1, mount.device, mount.major, mount.minor,
             mount.mountpoint);
  }

  std::string root_;
  KeptFile init_mounts_, own_mounts_;
  NameFilter mount_points_, types_;
  Duration timeout_;
  std::shared_ptr<MountProber> prober_;
  std::string text_;  // what mounts_ and targets_ were made of
  std::vector<Mount> mounts_;
  std::vector<MountProber::Target> targets_;
};

}  // namespace

constinit const CollectorKind filesystem_collector{"filesystem", kOwnLane, true, kFilesystemOptions,
                                                   create<Filesystem>};

}  // namespace basewatch::node
