#include "catalog/load/metric_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

const std::vector<std::string_view> kTypes{"counter", "gauge", "histogram", "summary", "untyped"};

}  // namespace

MetricType MetricFields::read_type(yaml::Mapping& entry) {
  constexpr auto kFallback = MetricType::untyped;
  if (!entry.required("type")) return kFallback;
  return static_cast<MetricType>(entry.choice("type", static_cast<std::size_t>(kFallback), kTypes));
}

std::string MetricFields::read_since(yaml::Mapping& entry) {
  auto since = entry.string("since");
  const bool is_version =
      since.find_first_not_of("0123456789.") == std::string::npos && !since.starts_with('.');
  if (!is_version) {
    error(entry.where("since"),
          fmt::format("since must be a version of basewatch such as \"0.1\", not '{}'",
                      printable(since)));
  }
  return since;
}

void MetricFields::check_name(const std::string& name, const Location& where) {
  if (!name.empty() && !is_metric_name(name)) {
    error(where, fmt::format("'{}' is no metric name: write letters, digits and '_' only",
                             printable(name)));
  } else if (name.find(':') != std::string::npos) {
    error(where, fmt::format("'{}' has a colon, which marks what a rule records: declare it in "
                             "rules.yml, or write '_' here",
                             name));
  }
}

std::string MetricFields::read_help(yaml::Mapping& entry) {
  auto help = entry.required_string("help");
  if (!help.empty() && !help.ends_with('.')) {
    error(entry.where("help"), "help must be a sentence that ends with a period");
  }
  if (help.find('\n') != std::string::npos) {
    error(entry.where("help"), "help must be one line: write it plain, or with '>-'");
  }
  return help;
}

std::span<const std::string_view> MetricFields::read_labels(yaml::Mapping& entry, MetricType type,
                                                            Budget& budget) {
  const auto* given = entry.find("labels");
  if (given && given->kind == yaml::Kind::mapping) return read_budget(*given, type, budget);
  const auto labels = entry.strings("labels");
  const auto* list = entry.find("labels");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool in_list = list->kind == yaml::Kind::sequence && i < list->items.size();
    check_label(labels[i], in_list ? list->items[i].where : list->where, type);
    if (std::find(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), labels[i]) !=
        labels.begin() + static_cast<std::ptrdiff_t>(i)) {
      error(in_list ? list->items[i].where : list->where,
            fmt::format("the label '{}' stands twice", printable(labels[i])));
    }
  }
  return reading_.catalog.keep(labels);
}

std::span<const std::string_view> MetricFields::read_budget(const yaml::Node& node, MetricType type,
                                                            Budget& budget) {
  std::vector<std::string> labels;
  yaml::Mapping mapping(node, "labels", reading_.diagnostics);
  for (const auto& [name, value] : node.entries) {
    check_label(name.scalar, name.where, type);
    labels.push_back(name.scalar);
    budget[name.scalar] = mapping.integer(name.scalar, 1, 1, 1'000'000'000);
    if (value.kind == yaml::Kind::null) {
      error(name.where, fmt::format("write how many values the label '{}' may take at most, or "
                                    "make labels a list",
                                    printable(name.scalar)));
    }
  }
  return reading_.catalog.keep(labels);
}

void MetricFields::check_label(const std::string& label, const Location& where, MetricType type) {
  if (!is_label_name(label)) {
    error(where, fmt::format("'{}' is no label name: write letters, digits and '_' only",
                             printable(label)));
  } else if (label.starts_with("__")) {
    error(where, fmt::format("the label '{}' begins with '__', which is Prometheus' own", label));
  } else if (label == "job" || label == "instance" || label == "node") {
    error(where, fmt::format("the label '{}' belongs to the target and is never listed: remove it, "
                             "every series has it",
                             label));
  } else if ((label == "le" && type == MetricType::histogram) ||
             (label == "quantile" && type == MetricType::summary)) {
    error(where,
          fmt::format("the label '{}' comes with the type {}: remove it", label, type_name(type)));
  } else if (label == "le" || label == "quantile") {
    error(where, fmt::format("the label '{}' is reserved for histograms and summaries: choose "
                             "another name",
                             label));
  }
}

bool MetricFields::check_pattern(const std::string& pattern, const Location& where) {
  if (pattern.empty()) return false;
  const auto open = pattern.find('{'), close = pattern.find('}');
  const bool one = open != std::string::npos && close != std::string::npos && open < close &&
                   pattern.find('{', open + 1) == std::string::npos &&
                   pattern.find('}', close + 1) == std::string::npos;
  if (!one || !is_label_name(std::string_view(pattern).substr(open + 1, close - open - 1))) {
    error(where, fmt::format("the family '{}' must have exactly one placeholder, as in "
                             "node_vmstat_{{field}}; a fixed name is a 'metric'",
                             printable(pattern)));
    return false;
  }
  if (pattern.size() == close - open + 1) {
    error(where, fmt::format("the family '{}' takes every name there is: write a fixed part next "
                             "to the placeholder",
                             printable(pattern)));
    return false;
  }
  const auto with_field = pattern.substr(0, open) + "x" + pattern.substr(close + 1);
  if (!is_metric_name(with_field) || with_field.find(':') != std::string::npos) {
    error(where, fmt::format("'{}' makes no metric names: write letters, digits and '_' around "
                             "the placeholder",
                             printable(pattern)));
    return false;
  }
  return true;
}

}  // namespace basewatch::catalog
