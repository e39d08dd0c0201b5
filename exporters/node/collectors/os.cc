// Which distribution this is, of os-release.
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/read/os_release.h"
#include "exporters/node/read/stamped_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Os final : public NodeCollector {
 public:
  explicit Os(const Setup& setup)
      : files_{StampedFile(setup.root("etc/os-release")),
               StampedFile(setup.root("usr/lib/os-release"))} {}

  Outcome run(Page& page, const Deadline&) override {
    if (!refresh()) return absent("there is no os-release");
    const auto& r = release_;
    page.add(metrics::node::os_info, 1, r.build_id, r.id, r.id_like, r.image_id, r.image_version,
             r.name, r.pretty_name, r.variant, r.variant_id, r.version, r.version_codename,
             r.version_id);
    const double version = major_minor(r.version_id);
    if (version > 0) page.add(metrics::node::os_version, version, r.id, r.id_like, r.name);
    if (const auto end = date_in_seconds(r.support_end)) {
      page.add(metrics::node::os_support_end_timestamp_seconds, *end);
    }
    return done();
  }

 private:
  bool refresh() {
    for (auto& file : files_) {
      const auto state = file.refresh();
      if (state == StampedFile::State::missing) continue;
      if (state == StampedFile::State::changed || shown_ != &file) {
        release_ = parse_os_release(file.source());
      }
      shown_ = &file;
      return true;
    }
    return false;
  }

  std::array<StampedFile, 2> files_;  // the first that there is counts
  const StampedFile* shown_ = nullptr;
  OsRelease release_;
};

}  // namespace

constinit const CollectorKind os_collector{"os", kProcLane, true, {}, create<Os>};

}  // namespace basewatch::node
