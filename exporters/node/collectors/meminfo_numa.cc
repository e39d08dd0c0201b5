// The memory of each NUMA node.
#include <array>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/meminfo.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class MeminfoNuma final : public NodeCollector {
 public:
  explicit MeminfoNuma(const Setup& setup) : folder_(setup.sys("devices/system/node")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return absent("the kernel knows no NUMA nodes");
    for (const auto& name : folder->names()) {
      if (!name.starts_with("node") || !parse_uint(name.substr(4))) continue;
      auto& node = nodes_.try_emplace(name, folder->path_of(name)).first->second;
      add_meminfo(page, node.meminfo.read());
      add_numastat(page, node.numastat.read(), std::string_view(name).substr(4));
    }
    return done();
  }

 private:
  struct Node {
    explicit Node(const std::string& path)
        : meminfo(path + "/meminfo"), numastat(path + "/numastat") {}
    KeptFile meminfo, numastat;
  };

  // "Node 0 Active(anon):  123 kB"
  static void add_meminfo(Page& page, const Source& source) {
    for_each_line(source, [&](std::string_view line) {
      if (next_word(line).empty()) return;
      const auto node = next_word(line);
      auto key = next_word(line);
      if (key.ends_with(':')) key.remove_suffix(1);
      std::array<char, 64> buffer;
      const auto field = meminfo_field(key, buffer);
      const auto value = source.number(next_word(line));
      const auto unit = next_word(line);
      if (!unit.empty() && unit != "kB") source.fail(unit, "the only unit known is kB");
      page.add(metrics::node::memory_numa, field, unit.empty() ? value : value * 1024, node);
    });
  }

  static void add_numastat(Page& page, const Source& source, std::string_view node) {
    for_each_row(source, [&](std::string_view key, std::string_view rest) {
      page.add(metrics::node::memory_numa_total, key, source.number(next_word(rest)), node);
    });
  }

  std::string folder_;
  std::map<std::string, Node> nodes_;
};

}  // namespace

constinit const CollectorKind meminfo_numa_collector{
    "meminfo_numa", kProcLane, false, {}, create<MeminfoNuma>};

}  // namespace basewatch::node
