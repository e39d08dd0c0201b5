// Batteries and mains: class/power_supply.
#include <algorithm>
#include <array>

#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kPowersupplyclassOptions[] = {
    {"collectors.powersupplyclass.ignored_supplies", OptionType::regex, "^$",
     "Which power supplies are left out."},
};

double from_millionths(double value) {
  return value / 1e6;
}
double from_tenths(double value) {
  return value / 10.0;
}

class PowerSupplies final : public NodeCollector {
 public:
  explicit PowerSupplies(const Setup& setup)
      : path_(setup.sys("class/power_supply")),
        supplies_(setup.settings, "collectors.powersupplyclass.ignored_supplies", {}) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto supplies = SysFolder::open(path_);
    if (!supplies) return absent("no power supplies");
    for (const auto& name : supplies->names()) {
      if (!supplies_.accepts(name)) continue;
      if (const auto supply = supplies->folder(name)) add(page, *supply, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& supply, std::string_view name) {
    using namespace metrics::node;
    // A supply has a few of the many attributes that there are; a list costs less than asking.
    const auto there = supply.names();
    add_present(page, from_power_plain, supply, there, name, nullptr);
    add_present(page, from_power_micro, supply, there, name, from_millionths);
    add_present(page, from_power_tenths, supply, there, name, from_tenths);

    constexpr auto& kInfo = power_supply_info;
    std::array<std::string, kInfo.labels.size()> texts;
    std::array<std::string_view, kInfo.labels.size()> values;
    values[0] = name;
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (!std::ranges::binary_search(there, kInfo.labels[i])) continue;
      texts[i] = supply.text(kInfo.labels[i]).value_or("");
      values[i] = texts[i];
    }
    page.add(kInfo.spec(), 1, values);
  }

  static void add_present(Page& page, std::span<const FieldMetric> table, const SysFolder& supply,
                          const std::vector<std::string>& there, std::string_view name,
                          double (*scaled)(double)) {
    for (const auto& [attribute, metric] : table) {
      if (!std::ranges::binary_search(there, attribute)) continue;
      const auto value = supply.number(attribute);
      if (value) page.add(metric, scaled ? scaled(*value) : *value, Labels{name});
    }
  }

  std::string path_;
  NameFilter supplies_;
};

}  // namespace

// Batteries are asked over slow buses.
constinit const CollectorKind powersupplyclass_collector{
    "powersupplyclass", kOwnLane, true, kPowersupplyclassOptions, create<PowerSupplies>};

}  // namespace basewatch::node
