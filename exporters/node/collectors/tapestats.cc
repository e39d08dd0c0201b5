// What SCSI tape drives have read and written.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kTapestatsOptions[] = {
    {"collectors.tapestats.ignored_devices", OptionType::regex, "^$",
     "Which tape drives are left out."},
};

double from_nanoseconds(double value) {
  return value * 0.000000001;
}

class Tapestats final : public NodeCollector {
 public:
  explicit Tapestats(const Setup& setup)
      : path_(setup.sys("class/scsi_tape")),
        devices_(setup.settings, "collectors.tapestats.ignored_devices", {}) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto tapes = SysFolder::open(path_);
    if (!tapes) return absent("no tape drives");
    for (const auto& name : tapes->names()) {
      // A drive has more names: nst0 does not rewind, st0a has another mode.
      if (!name.starts_with("st") || !parse_uint(name.substr(2)) || !devices_.accepts(name)) {
        continue;
      }
      const auto stats = tapes->folder(name + "/stats");
      if (!stats) continue;
      add_attributes(page, metrics::node::from_tape_counts, *stats, {name});
      add_attributes(page, metrics::node::from_tape_times, *stats, {name}, from_nanoseconds);
    }
    return done();
  }

 private:
  std::string path_;
  NameFilter devices_;
};

}  // namespace

constinit const CollectorKind tapestats_collector{"tapestats", kProcLane, true, kTapestatsOptions,
                                                  create<Tapestats>};

}  // namespace basewatch::node
