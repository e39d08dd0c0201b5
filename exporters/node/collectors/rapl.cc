// The energy that processors and memory have used (RAPL, powercap).
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kRaplOptions[] = {
    {"collectors.rapl.enable_zone_label", OptionType::flag, "false",
     "One metric node_rapl_joules_total with a label rapl_zone instead of a metric a zone."},
};

class Rapl final : public NodeCollector {
 public:
  explicit Rapl(const Setup& setup)
      : path_(setup.sys("class/powercap")),
        with_zone_label_(setup.settings.flag("collectors.rapl.enable_zone_label")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto zones = SysFolder::open(path_);
    if (!zones) return absent("the processor counts no energy, or no driver for it is loaded");
    std::map<std::string, std::uint64_t, std::less<>> used;  // how often a name was there
    for (const auto& folder_name : zones->names()) {
      const auto zone = zones->folder(folder_name);
      auto name = zone ? zone->text("name") : std::nullopt;
      if (!name) continue;
      const auto index = take_index(*name, used);
      const auto energy = zone->read("energy_uj");
      if (energy.is_forbidden()) return absent("only root may read energy_uj");
      if (energy.is_missing()) continue;
      const auto microjoules = energy.ok() ? parse_uint(energy.text) : std::nullopt;
      if (!microjoules) zone->fail("energy_uj", "cannot be read as a number");
      add(page, *name, std::to_string(index), zone->path(),
          static_cast<double>(*microjoules) / 1000000.0);
    }
    return done();
  }

 private:
  // "package-0" is the zone "package" with the index 0; zones of one name without a number are
  // counted.
  static std::uint64_t take_index(std::string& name,
                                  std::map<std::string, std::uint64_t, std::less<>>& used) {
    const auto dash = name.find('-');
    if (dash != name.npos && name.find('-', dash + 1) == name.npos) {
      if (const auto index = parse_uint(std::string_view(name).substr(dash + 1))) {
        name.resize(dash);
        used[name] = *index + 1;
        return *index;
      }
    }
    return used[name]++;
  }

  void add(Page& page, std::string_view zone, std::string_view index, std::string_view path,
           double joules) const {
    if (with_zone_label_) {
      page.add(metrics::node::rapl_joules_total, joules, index, path, zone);
    } else {
      page.add(metrics::node::rapl_total, std::string(zone) + "_joules", joules, index, path);
    }
  }

  std::string path_;
  bool with_zone_label_;
};

}  // namespace

constinit const CollectorKind rapl_collector{"rapl", kProcLane, true, kRaplOptions, create<Rapl>};

}  // namespace basewatch::node
