#include "catalog/compiler/promtool_file.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::catalog {

void write_tests_head(YamlWriter& yaml, const std::vector<std::string>& recording,
                      const std::string& alerts, Duration evaluation) {
  yaml.key("rule_files");
  for (const auto& name : recording) yaml.entry(fmt::format("../recording/{}.yml", name));
  if (!alerts.empty()) yaml.entry(fmt::format("../alerts/{}.yml", alerts));
  yaml.close();
  yaml.plain("evaluation_interval", format_duration(evaluation));
  yaml.key("group_eval_order");
  for (const auto& name : recording) yaml.entry(fmt::format("basewatch-{}-recording", name));
  if (!alerts.empty()) yaml.entry(fmt::format("basewatch-{}-alerts", alerts));
  yaml.close();
}

void write_input_series(YamlWriter& yaml,
                        const std::vector<std::pair<std::string, std::string>>& series) {
  yaml.plain("interval", "1m");
  if (series.empty()) return yaml.empty_list("input_series");
  yaml.key("input_series");
  for (const auto& [name, values] : series) {
    yaml.item();
    yaml.value("series", name);
    yaml.value("values", values);
    yaml.close();
  }
  yaml.close();
}

}  // namespace basewatch::catalog
