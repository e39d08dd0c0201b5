// NVMe subsystems: the storage behind one or more controllers, each of them a path to it.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/nvme_name.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kStates[] = {"connecting", "dead",      "deleting", "live",
                                        "new",        "resetting", "unknown"};

std::string_view known_state(std::string_view state) {
  if (state == "deleting (no IO)") return "deleting";
  return std::ranges::find(kStates, state) == std::end(kStates) ? "unknown" : state;
}

class NvmeSubsystem final : public NodeCollector {
 public:
  explicit NvmeSubsystem(const Setup& setup) : path_(setup.sys("class/nvme-subsystem")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto subsystems = SysFolder::open(path_);
    if (!subsystems) return absent("no NVMe subsystems");
    for (const auto& name : subsystems->names()) {
      if (!name.starts_with("nvme-subsys")) continue;
      if (const auto subsystem = subsystems->folder(name)) add(page, *subsystem, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& subsystem, std::string_view name) {
    using namespace metrics::node;
    const auto text = [&](std::string_view attribute) {
      return subsystem.text(attribute).value_or("");
    };
    page.add(nvmesubsystem_info, 1, name, text("subsysnqn"), text("model"), text("serial"),
             text("iopolicy"));
    double paths = 0, live = 0;
    for (const auto& child : subsystem.names()) {
      if (is_nvme_namespace(child)) {
        page.add(nvmesubsystem_namespace_info, 1, name, child);
      }
      const auto path = is_nvme_controller(child) ? subsystem.folder(child) : std::nullopt;
      if (!path) continue;
      ++paths;
      if (add_path(page, *path, name, child) == "live") ++live;
    }
    page.add(nvmesubsystem_paths, paths, name);
    page.add(nvmesubsystem_paths_live, live, name);
  }

  static std::string_view add_path(Page& page, const SysFolder& path, std::string_view subsystem,
                                   std::string_view controller) {
    const auto text = path.text("state").value_or("");
    const auto current = *std::ranges::find(kStates, known_state(text));
    const auto transport = path.text("transport").value_or("");
    for (const auto state : kStates) {
      page.add(metrics::node::nvmesubsystem_path_state, state == current ? 1 : 0, subsystem,
               controller, transport, state);
    }
    return current;
  }

  std::string path_;
};

}  // namespace

constinit const CollectorKind nvmesubsystem_collector{
    "nvmesubsystem", kOwnLane, false, {}, create<NvmeSubsystem>};

}  // namespace basewatch::node
