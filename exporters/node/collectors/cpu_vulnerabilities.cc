// How the processors stand to the vulnerabilities that the kernel knows of.
#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "exporters/node/read/vulnerability.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class CpuVulnerabilities final : public NodeCollector {
 public:
  explicit CpuVulnerabilities(const Setup& setup)
      : path_(setup.sys("devices/system/cpu/vulnerabilities")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(path_);
    for (const auto& name : folder ? folder->names() : std::vector<std::string>()) {
      const auto text = folder->text(name);
      if (!text) continue;
      const auto [state, mitigation] = parse_vulnerability(*text);
      page.add(metrics::node::cpu_vulnerabilities_info, 1, name, state, mitigation);
    }
    return done();
  }

 private:
  std::string path_;
};

}  // namespace

constinit const CollectorKind cpu_vulnerabilities_collector{
    "cpu_vulnerabilities", kProcLane, false, {}, create<CpuVulnerabilities>};

}  // namespace basewatch::node
