// NVMe controllers and their namespaces.
#include "exporters/node/collector.h"
#include "exporters/node/read/nvme_name.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Nvme final : public NodeCollector {
 public:
  explicit Nvme(const Setup& setup) : path_(setup.sys("class/nvme")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto devices = SysFolder::open(path_);
    if (!devices) return absent("no NVMe");
    for (const auto& name : devices->names()) {
      if (const auto device = devices->folder(name)) add(page, *device, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& device, std::string_view name) {
    const auto text = [&](std::string_view attribute) {
      return device.text(attribute).value_or("");
    };
    page.add(metrics::node::nvme_info, 1, name, text("firmware_rev"), text("model"), text("serial"),
             text("state"), text("cntlid"));
    for (const auto& child : device.names()) {
      const auto id = nvme_namespace_id(child);
      if (id.empty()) continue;
      if (const auto part = device.folder(child)) add_namespace(page, *part, name, id);
    }
  }

  static void add_namespace(Page& page, const SysFolder& part, std::string_view device,
                            std::string_view id) {
    using namespace metrics::node;
    const auto block = part.number("queue/logical_block_size").value_or(0);
    const auto size = part.number("size").value_or(0) * block;
    page.add(nvme_namespace_info, 1, device, id, part.text("ana_state").value_or("unknown"));
    page.add(nvme_namespace_capacity_bytes, size, device, id);
    page.add(nvme_namespace_size_bytes, size, device, id);
    page.add(nvme_namespace_used_bytes, part.number("nuse").value_or(0) * block, device, id);
    page.add(nvme_namespace_logical_block_size_bytes, block, device, id);
  }

  std::string path_;
};

}  // namespace

// A controller that is being reset makes readers of some attributes wait.
constinit const CollectorKind nvme_collector{"nvme", kOwnLane, true, {}, create<Nvme>};

}  // namespace basewatch::node
