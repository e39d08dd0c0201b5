// Network devices bonded into one: how many each bond has, and how many of them are up.
#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Bonding final : public NodeCollector {
 public:
  explicit Bonding(const Setup& setup) : path_(setup.sys("class/net")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto net = SysFolder::open(path_);
    const auto masters = net ? net->text("bonding_masters") : std::nullopt;
    if (!masters) return absent("no bonding driver");
    std::string_view rest = *masters;
    for (auto name = word(rest); !name.empty(); name = word(rest)) {
      if (const auto master = net->folder(name)) add(page, *master, name);
    }
    return done();
  }

 private:
  // Names are separated by blanks; a line end counts as one.
  static std::string_view word(std::string_view& rest) {
    rest = trim(rest);
    const auto end = std::min(rest.find_first_of(" \t\n"), rest.size());
    const auto first = rest.substr(0, end);
    rest.remove_prefix(end);
    return first;
  }

  static void add(Page& page, const SysFolder& master, std::string_view name) {
    const auto slaves = master.text("bonding/slaves");
    if (!slaves) return;  // it has just been removed
    double count = 0, active = 0;
    std::string_view rest = *slaves;
    for (auto slave = word(rest); !slave.empty(); slave = word(rest)) {
      ++count;
      if (is_up(master, slave)) ++active;
    }
    page.add(metrics::node::bonding_slaves, count, name);
    page.add(metrics::node::bonding_active, active, name);
  }

  static bool is_up(const SysFolder& master, std::string_view slave) {
    for (const auto* prefix : {"lower_", "slave_"}) {  // the latter before Linux 4.3
      const auto state = master.read(prefix + std::string(slave) + "/bonding_slave/mii_status");
      if (!state.is_missing()) return state.ok() && state.text == "up";
    }
    return false;
  }

  std::string path_;
};

}  // namespace

constinit const CollectorKind bonding_collector{"bonding", kProcLane, true, {}, create<Bonding>};

}  // namespace basewatch::node
