#pragma once

#include <string>

#include "catalog/load/entries.h"

namespace basewatch::catalog {

// Reads what every declaration of a metric has, whatever kind of entry it stands in: type, unit,
// help, labels. Strings are kept by the catalog. `reading` outlives it.
class MetricFields {
 public:
  explicit MetricFields(Reading reading) : reading_(reading) {}

  template <typename Spec>
  void read_common(yaml::Mapping& entry, Spec& spec, std::string& since, Budget& budget) {
    spec.type = read_type(entry);
    spec.help = reading_.catalog.keep(read_help(entry));
    spec.unit = reading_.catalog.keep(entry.string("unit"));
    spec.labels = read_labels(entry, spec.type, budget);
    since = read_since(entry);
  }

  MetricType read_type(yaml::Mapping& entry);
  std::string read_help(yaml::Mapping& entry);
  std::string read_since(yaml::Mapping& entry);
  // A list of names, or a mapping of each to the most values it may take.
  std::span<const std::string_view> read_labels(yaml::Mapping& entry, MetricType type,
                                                Budget& budget);
  void check_label(const std::string& label, const Location& where, MetricType type);
  // That `name` may be a metric's; says what is wrong with it.
  void check_name(const std::string& name, const Location& where);
  // Whether `pattern` may be a family's; says what is wrong with it.
  bool check_pattern(const std::string& pattern, const Location& where);

 private:
  std::span<const std::string_view> read_budget(const yaml::Node& node, MetricType type,
                                                Budget& budget);
  void error(const Location& where, std::string message) {
    reading_.diagnostics.error(where, std::move(message));
  }

  Reading reading_;
};

}  // namespace basewatch::catalog
