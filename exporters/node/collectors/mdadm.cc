// Software RAID: the arrays of /proc/mdstat, and what sysfs says about them.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/mdstat.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> candidates) {
  return std::ranges::find(candidates, text) != candidates.end();
}

class Mdadm final : public NodeCollector {
 public:
  explicit Mdadm(const Setup& setup)
      : mdstat_(setup.proc("mdstat")), block_path_(setup.sys("block")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto mdstat = mdstat_.read_if_there();
    if (!mdstat) return absent("no software RAID");
    for (const auto& array : parse_mdstat(*mdstat)) add(page, array);
    const auto block = SysFolder::open(block_path_);
    for (const auto& name : block ? block->names() : std::vector<std::string>()) {
      if (!name.starts_with("md")) continue;
      if (const auto md = block->folder(name + "/md")) add(page, *md, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const MdArray& array) {
    using namespace metrics::node;
    page.add(md_disks_required, static_cast<double>(array.required), array.name);
    page.add(md_disks, static_cast<double>(array.active), array.name, "active");
    page.add(md_disks, static_cast<double>(array.failed), array.name, "failed");
    page.add(md_disks, static_cast<double>(array.spare), array.name, "spare");
    for (const std::string_view state : {"active", "inactive", "recovering", "resync", "check"}) {
      page.add(md_state, state == array.state ? 1 : 0, array.name, state);
    }
    page.add(md_blocks, static_cast<double>(array.blocks), array.name);
    page.add(md_blocks_synced, static_cast<double>(array.synced), array.name);
  }

  static void add(Page& page, const SysFolder& md, std::string_view device) {
    using namespace metrics::node;
    const auto level = md.text("level");
    if (!level) return;  // it is being stopped
    // Containers of arrays have no disks of their own. While an array grows: "11 (10)".
    const auto disks = md.text("raid_disks");
    if (disks && !is_one_of(*level, {"", "container", "imsm", "ddf"})) {
      const auto number = parse_uint(disks->substr(0, disks->find(' ')));
      if (number) page.add(md_raid_disks, static_cast<double>(*number), device);
    }
    const bool can_degrade = is_one_of(*level, {"raid1", "raid4", "raid5", "raid6", "raid10"});
    const auto degraded = can_degrade ? md.number("degraded") : 0;
    if (degraded) page.add(md_degraded, *degraded, device);
  }

  KeptFile mdstat_;
  std::string block_path_;
};

}  // namespace

// The kernel takes the lock of each array, which one that is being stopped or reshaped may hold.
constinit const CollectorKind mdadm_collector{"mdadm", kOwnLane, true, {}, create<Mdadm>};

}  // namespace basewatch::node
