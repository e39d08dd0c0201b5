// What the firmware tells about the machine (DMI, SMBIOS): node_dmi_info.
#include <array>

#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Dmi final : public NodeCollector {
 public:
  explicit Dmi(const Setup& setup) : path_(setup.sys("class/dmi/id")) {}

  // Nothing of it changes while the system runs, so it is read once.
  Outcome run(Page& page, const Deadline&) override {
    if (!is_read_) read();
    if (!has_any_) return absent("the firmware tells nothing about the machine");
    std::array<std::string_view, kCount> values;
    std::ranges::copy(values_, values.begin());
    page.add(metrics::node::dmi_info.spec(), 1, values);
    return done();
  }

 private:
  static constexpr std::size_t kCount = metrics::node::dmi_info.labels.size();

  void read() {
    const auto folder = SysFolder::open(path_);
    if (folder) {
      for (std::size_t i = 0; i < kCount; ++i) {
        const auto label = metrics::node::dmi_info.labels[i];
        auto value = folder->text(label == "system_vendor" ? "sys_vendor" : label);
        has_any_ = has_any_ || value;
        if (value) values_[i] = std::move(*value);
      }
    }
    is_read_ = true;
  }

  std::string path_;
  bool is_read_ = false, has_any_ = false;
  std::array<std::string, kCount> values_;
};

}  // namespace

constinit const CollectorKind dmi_collector{"dmi", kProcLane, true, {}, create<Dmi>};

}  // namespace basewatch::node
