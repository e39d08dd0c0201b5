#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "agent/base/unique_fd.h"
#include "exporters/node/read/error_text.h"
#include "tests/unit/node/support.h"

using namespace std::chrono_literals;

namespace basewatch::node {
namespace {

constexpr std::string_view kMounts =
    "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    "2 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    "3 1 0:4 / /proc rw - proc proc rw\n"
    "4 1 0:5 / /dev/shm rw - tmpfs tmpfs rw\n"
    "5 1 0:6 / /backup ro - nfs4 nas:/backup rw\n"
    "6 1 0:7 / /gone rw - ext4 /dev/sdb rw\n"
    "7 1 0:8 / /var/lib/docker/overlay2/x rw - overlay overlay rw\n";

int play(const std::string& path, struct statfs& out) {
  if (path == "/gone") return EIO;
  out.f_bsize = 4096;
  out.f_blocks = 100;
  out.f_bfree = 50;
  out.f_bavail = path == "/" ? 40 : 50;
  out.f_files = 1000;
  out.f_ffree = 900;
  return 0;
}

std::string run_filesystem(const Settings& settings, std::shared_ptr<MountProber> prober) {
  const Setup setup{settings, std::make_shared<HostLink>(), nullptr, std::move(prober)};
  Page page;
  filesystem_collector.create(setup)->run(page, soon());
  return samples(page);
}

}  // namespace

TEST_CASE("sizes, errors and states of the mounts that are looked at") {
  const Tree tree;
  tree.write("proc/1/mountinfo", kMounts);
  const auto page =
      run_filesystem(tree.settings(), std::make_shared<MountProber>(Clock::system(), play));
  const std::string root =
      "{device=\"/dev/sda1\",device_error=\"\",fstype=\"ext4\",mountpoint=\"/\"} ";
  const std::string backup =
      "{device=\"nas:/backup\",device_error=\"\",fstype=\"nfs4\",mountpoint=\"/backup\"} ";
  const std::string gone =
      "{device=\"/dev/sdb\",device_error=\"input/output "
      "error\",fstype=\"ext4\",mountpoint=\"/gone\"} ";
  CHECK(page ==
        "node_filesystem_avail_bytes" + root + "163840\n" + "node_filesystem_avail_bytes" + backup +
            "204800\n" + "node_filesystem_device_error" + root + "0\n" +
            "node_filesystem_device_error" + backup + "0\n" + "node_filesystem_device_error" +
            gone + "1\n" + "node_filesystem_files" + root + "1000\n" + "node_filesystem_files" +
            backup + "1000\n" + "node_filesystem_files_free" + root + "900\n" +
            "node_filesystem_files_free" + backup + "900\n" + "node_filesystem_free_bytes" + root +
            "204800\n" + "node_filesystem_free_bytes" + backup + "204800\n" +
            "node_filesystem_mount_info{device=\"/dev/sda1\",major=\"8\",minor=\"1\",mountpoint=\"/"
            "\"} 1\n"
            "node_filesystem_mount_info{device=\"nas:/"
            "backup\",major=\"0\",minor=\"6\",mountpoint=\"/backup\"} 1\n"
            "node_filesystem_purgeable_bytes" +
            root + "0\n" + "node_filesystem_purgeable_bytes" + backup + "0\n" +
            "node_filesystem_readonly" + root + "0\n" + "node_filesystem_readonly" + backup +
            "1\n" + "node_filesystem_readonly" + gone + "0\n" + "node_filesystem_size_bytes" +
            root + "409600\n" + "node_filesystem_size_bytes" + backup + "409600\n");
}

TEST_CASE("mounts are chosen by point and type, below the root of the host") {
  const Tree tree;
  tree.write("proc/self/mountinfo",  // process 1 cannot be seen here
             "1 0 8:1 / /host rw - ext4 /dev/sda1 rw\n"
             "2 0 8:2 / /host/data rw - xfs /dev/sdb1 rw\n"
             "3 0 8:3 / /hostel rw - xfs /dev/sdc1 rw\n");
  std::vector<std::string> asked;
  const auto prober =
      std::make_shared<MountProber>(Clock::system(), [&](const std::string& path, struct statfs&) {
        asked.push_back(path);
        return 0;
      });
  auto page = run_filesystem(tree.settings({{"paths.rootfs", "/host"}}), prober);
  CHECK(asked == std::vector<std::string>{"/host/", "/host/data", "/host/hostel"});
  CHECK(page.find("mountpoint=\"/data\"") != std::string::npos);
  page = run_filesystem(tree.settings({{"paths.rootfs", "/host"},
                                       {"collectors.filesystem.mount_points_include", "^/data$"}}),
                        prober);
  CHECK(page.find("mountpoint=\"/data\"") != std::string::npos);
  CHECK(page.find("mountpoint=\"/\"") == std::string::npos);
  page = run_filesystem(tree.settings({{"collectors.filesystem.fs_types_exclude", "xfs"}}), prober);
  CHECK(page.find("xfs") == std::string::npos);
  CHECK(page.find("ext4") != std::string::npos);
}

TEST_CASE("a list of mounts that changes is read anew, a broken one fails the run") {
  const Tree tree;
  const auto prober = std::make_shared<MountProber>(Clock::system(), play);
  const auto settings = tree.settings();
  const Setup setup{settings, std::make_shared<HostLink>(), nullptr, prober};
  const auto collector = filesystem_collector.create(setup);
  const auto count = [&](std::string_view mounts) {
    tree.write("proc/1/mountinfo", mounts);
    Page page;
    collector->run(page, soon());
    page.seal();
    return page.find("node_filesystem_device_error")->samples.size();
  };
  CHECK(count("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n") == 1);
  CHECK(count("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /b rw - ext4 /dev/sdb rw\n") == 2);
  CHECK(!thrown([&] { count("1 0 8:1 / / rw - ext4 /dev/sda1 rw\nbroken\n"); }).empty());
  CHECK(count("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /b rw - ext4 /dev/sdb rw\n") == 2);
  std::filesystem::remove_all(tree.path("proc"));
  CHECK(thrown([&] {
          Page page;
          collector->run(page, soon());
        }) == "cannot read " + tree.path("proc/self/mountinfo") + ": no such file or directory");
}

TEST_CASE("errors are called as node_exporter calls them") {
  CHECK(error_text(ENOENT) == "no such file or directory");
  CHECK(error_text(EIO) == "input/output error");
  CHECK(error_text(ENOTCONN) == "transport endpoint is not connected");
  CHECK(error_text(ESTALE) == "stale NFS file handle");
  CHECK(error_text(ESRMNT) == "srmount error");
  CHECK(error_text(EDOTDOT) == "RFS specific error");
  CHECK(error_text(9999) == "errno 9999");
}

namespace {

// A FUSE mount whose server never answers, in a mount namespace that only this thread and the
// threads it begins see.
class DeadMount {
 public:
  explicit DeadMount(const std::string& folder) : folder_(folder) {
    fd_ = UniqueFd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!fd_ || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return;
    }
    const auto options = "fd=" + std::to_string(fd_.get()) + ",rootmode=40000,user_id=0,group_id=0";
    is_mounted_ = mount("dead:/export", folder.c_str(), "fuse.dead", MS_NOSUID | MS_NODEV,
                        options.c_str()) == 0;
  }
  ~DeadMount() {
    revive();
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }
  // Without its descriptor the kernel ends every call with an error.
  void revive() { fd_.reset(); }

 private:
  std::string folder_;
  UniqueFd fd_;
  bool is_mounted_ = false;
};

void try_dead_mount() {
  const Tree tree;
  tree.write("dead/.keep", "");
  DeadMount dead(tree.path("dead"));
  if (!dead.is_mounted()) {
    MESSAGE("SKIPPED: no privilege to mount with /dev/fuse");
    return;
  }
  tree.write("proc/1/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / " +
                                     tree.path("dead") + " rw - fuse.dead dead:/export rw\n");
  const auto prober = std::make_shared<MountProber>(
      Clock::system(), [](const std::string& path, struct statfs& out) {
        return ::statfs(path.c_str(), &out) == 0 ? 0 : errno;
      });
  const auto settings = tree.settings({{"collectors.filesystem.mount_timeout", Duration(300ms)}});
  const auto hung = "node_filesystem_hung_seconds{device=\"dead:/export\",fstype=\"fuse.dead\"";
  for (int scrape = 0; scrape < 50; ++scrape) {
    const auto page = run_filesystem(settings, prober);
    CHECK(page.find(hung) != std::string::npos);
    CHECK(page.find("device_error=\"mountpoint timeout\"") != std::string::npos);
    CHECK(page.find("node_filesystem_size_bytes{device=\"/dev/sda1\"") != std::string::npos);
  }
  CHECK(prober->helpers() == 2);
  dead.revive();
  while (prober->helpers() > 1) std::this_thread::yield();
  const auto page = run_filesystem(settings, prober);
  CHECK(page.find(hung) == std::string::npos);
  CHECK(page.find("device_error=\"transport endpoint is not connected\"") != std::string::npos);
}

}  // namespace

TEST_CASE("a real mount whose server is gone") {
  std::thread(try_dead_mount).join();
}

}  // namespace basewatch::node
