// Block devices that are reached on several paths (device mapper multipath), and their paths.
#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr double kSector = 512;

class Dmmultipath final : public NodeCollector {
 public:
  explicit Dmmultipath(const Setup& setup) : path_(setup.sys("block")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto block = SysFolder::open(path_);
    if (!block) return absent("sysfs has no block devices");
    for (const auto& name : block->names()) {
      if (name.starts_with("dm-")) add(page, *block, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& block, const std::string& sysfs_name) {
    using namespace metrics::node;
    const auto device = block.folder(sysfs_name);
    const auto uuid = device ? device->text("dm/uuid") : std::nullopt;
    if (!uuid || !uuid->starts_with("mpath-")) return;
    const auto name = device->text("dm/name").value_or("");
    page.add(dmmultipath_device_info, 1, name, sysfs_name, *uuid);
    if (const auto suspended = device->whole("dm/suspended")) {
      page.add(dmmultipath_device_active, *suspended == 1 ? 0 : 1, name, sysfs_name);
    }
    if (const auto sectors = device->number("size")) {
      page.add(dmmultipath_device_size_bytes, *sectors * kSector, name, sysfs_name);
    }
    double paths = 0, active = 0;
    const auto slaves = device->folder("slaves");
    for (const auto& path : slaves ? slaves->names() : std::vector<std::string>()) {
      const auto state = block.text(path + "/device/state");
      if (!state) continue;
      ++paths;
      if (*state == "running" || *state == "live") ++active;  // SCSI, NVMe
      page.add(dmmultipath_path_state, 1, name, path, *state);
    }
    page.add(dmmultipath_device_paths, paths, name, sysfs_name);
    page.add(dmmultipath_device_paths_active, active, name, sysfs_name);
    page.add(dmmultipath_device_paths_failed, paths - active, name, sysfs_name);
  }

  std::string path_;
};

}  // namespace

constinit const CollectorKind dmmultipath_collector{
    "dmmultipath", kProcLane, true, {}, create<Dmmultipath>};

}  // namespace basewatch::node
