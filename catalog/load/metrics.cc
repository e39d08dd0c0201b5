#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/cpp_name.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

const std::vector<std::string_view> kTypes{"counter", "gauge", "histogram", "summary", "untyped"};

// One entry of `metrics:`, whichever of its kinds it is.
class EntryReader {
 public:
  EntryReader(const yaml::Node& node, Subject& subject, Reading reading)
      : node_(node), subject_(subject), reading_(reading) {}

  void read() {
    const bool metric = node_.find("metric"), family = node_.find("family"),
               passthrough = node_.find("passthrough");
    if (node_.find("section") && !metric && !family && !passthrough) return read_section();
    if (metric + family + passthrough != 1) {
      error(node_.where,
            "an entry of metrics is one of 'metric: NAME', 'family: NAME_{field}', "
            "'passthrough: SOURCE' and 'section: NAME'; write exactly one of these keys");
    } else if (family) {
      read_family();
    } else if (passthrough) {
      read_passthrough();
    } else {
      read_metric();
    }
  }

 private:
  void error(const Location& where, std::string message) {
    reading_.diagnostics.error(where, std::move(message));
  }

  // A heading over what follows, up to the next one.
  void read_section() {
    yaml::Mapping entry(node_, "a section", reading_.diagnostics);
    SectionEntry section;
    section.where = entry.where("section");
    section.name = entry.required_string("section");
    section.help = entry.string("help");
    if (!section.help.empty() && !section.help.ends_with('.')) {
      error(entry.where("help"), "help must be a sentence that ends with a period");
    }
    entry.finish();
    for (const auto& other : subject_.sections) {
      if (other.name != section.name) continue;
      error(section.where,
            fmt::format("the section '{}' stands twice, first at {}: move what is below it there",
                        printable(section.name), other.where.text()));
    }
    if (!section.name.empty()) subject_.sections.push_back(std::move(section));
  }

  void read_metric() {
    yaml::Mapping entry(node_, "a metric", reading_.diagnostics);
    MetricEntry metric;
    metric.where = entry.where("metric");
    const auto name = entry.required_string("metric");
    if (!name.empty() && !is_metric_name(name)) {
      error(metric.where, fmt::format("'{}' is no metric name: write letters, digits and '_' only",
                                      printable(name)));
    } else if (name.find(':') != std::string::npos) {
      error(metric.where, fmt::format("'{}' has a colon, which marks what a rule records: declare "
                                      "it in rules.yml, or write '_' here",
                                      name));
    }
    metric.spec.name = keep(name);
    read_common(entry, metric.spec, metric.since, metric.budget);
    read_from(entry, metric);
    metric.section = subject_.sections.size();
    entry.finish();
    if (!name.empty()) subject_.metrics.push_back(std::move(metric));
  }

  void read_from(yaml::Mapping& entry, MetricEntry& metric) {
    const auto* from = entry.find("from");
    if (!from) {
      if (reading_.of_a_site) {
        error(node_.where,
              "a metric of a site needs 'from': the passthrough that lets it in, such as textfile");
      }
    } else if (from->kind == yaml::Kind::scalar) {
      metric.from_source = from->scalar;
    } else if (from->kind == yaml::Kind::mapping && from->entries.size() == 1 &&
               !reading_.of_a_site) {
      const auto& [table, field] = from->entries.front();
      metric.from_table = table.scalar;
      metric.from_field =
          yaml::as_string(field, "the field of 'from'", reading_.diagnostics).value_or("");
      if (!is_label_name(metric.from_table)) {
        error(table.where,
              fmt::format("the table '{}' becomes the C++ name from_{}: write letters, "
                          "digits and '_' only",
                          printable(table.scalar), printable(table.scalar)));
      }
    } else {
      error(from->where,
            reading_.of_a_site
                ? "from must be the passthrough that lets the metric in, such as textfile"
                : "from must be one table and field, {stat: ctxt}, or the passthrough that lets "
                  "the metric in, such as textfile");
    }
  }

  void read_family() {
    yaml::Mapping entry(node_, "a family", reading_.diagnostics);
    FamilyEntry family;
    family.where = entry.where("family");
    if (reading_.of_a_site) {
      error(family.where, "a site cannot declare a family: declare each metric that its rules use");
      return;
    }
    const auto pattern = entry.required_string("family");
    const bool usable = check_pattern(pattern, family.where);
    family.spec.pattern = keep(pattern);
    read_common(entry, family.spec, family.since, family.budget);
    if (usable) read_known(entry, family);
    family.section = subject_.sections.size();
    entry.find("known");
    entry.finish();
    if (usable) subject_.families.push_back(std::move(family));
  }

  bool check_pattern(const std::string& pattern, const Location& where) {
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

  void read_known(yaml::Mapping& entry, FamilyEntry& family) {
    auto known = entry.strings("known");
    for (const auto& field : known) {
      const auto name = family.spec.name(field);
      if (field.empty() || !is_metric_name(name) || field.find(':') != std::string::npos) {
        error(entry.where("known"), fmt::format("the known field '{}' makes no metric name '{}'",
                                                printable(field), printable(name)));
      }
    }
    std::ranges::sort(known);
    if (const auto twice = std::ranges::adjacent_find(known); twice != known.end()) {
      error(entry.where("known"), fmt::format("'{}' stands twice in known", printable(*twice)));
      known.erase(std::ranges::unique(known).begin(), known.end());
    }
    family.spec.known = reading_.catalog.keep(known);
  }

  void read_passthrough() {
    yaml::Mapping entry(node_, "a passthrough", reading_.diagnostics);
    PassthroughEntry passthrough;
    passthrough.where = entry.where("passthrough");
    if (reading_.of_a_site) {
      error(passthrough.where, "a site cannot declare a passthrough: only an exporter has one");
      return;
    }
    const auto source = entry.required_string("passthrough");
    if (!source.empty() && !is_label_name(source)) {
      error(passthrough.where, fmt::format("'{}' is no name of a source: write letters, digits and "
                                           "'_' only",
                                           printable(source)));
    }
    passthrough.spec = {keep(source), keep(read_help(entry))};
    entry.finish();
    if (!source.empty()) subject_.passthroughs.push_back(std::move(passthrough));
  }

  template <typename Spec>
  void read_common(yaml::Mapping& entry, Spec& spec, std::string& since, Budget& budget) {
    if (entry.required("type")) {
      spec.type = static_cast<MetricType>(
          entry.choice("type", static_cast<std::size_t>(MetricType::untyped), kTypes));
    }
    spec.help = keep(read_help(entry));
    spec.unit = keep(entry.string("unit"));
    spec.labels = read_labels(entry, spec.type, budget);
    since = entry.string("since");
    const bool is_version =
        since.find_first_not_of("0123456789.") == std::string::npos && !since.starts_with('.');
    if (!is_version) {
      error(entry.where("since"),
            fmt::format("since must be a version of basewatch such as \"0.1\", "
                        "not '{}'",
                        printable(since)));
    }
  }

  std::string read_help(yaml::Mapping& entry) {
    auto help = entry.required_string("help");
    if (!help.empty() && !help.ends_with('.')) {
      error(entry.where("help"), "help must be a sentence that ends with a period");
    }
    if (help.find('\n') != std::string::npos) {
      error(entry.where("help"), "help must be one line: write it plain, or with '>-'");
    }
    return help;
  }

  // A list of names, or a mapping of each to the most values it may take.
  std::span<const std::string_view> read_labels(yaml::Mapping& entry, MetricType type,
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

  std::span<const std::string_view> read_budget(const yaml::Node& node, MetricType type,
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

  void check_label(const std::string& label, const Location& where, MetricType type) {
    if (!is_label_name(label)) {
      error(where, fmt::format("'{}' is no label name: write letters, digits and '_' only",
                               printable(label)));
    } else if (label.starts_with("__")) {
      error(where, fmt::format("the label '{}' begins with '__', which is Prometheus' own", label));
    } else if (label == "job" || label == "instance" || label == "node") {
      error(where,
            fmt::format("the label '{}' belongs to the target and is never listed: remove it, "
                        "every series has it",
                        label));
    } else if ((label == "le" && type == MetricType::histogram) ||
               (label == "quantile" && type == MetricType::summary)) {
      error(where, fmt::format("the label '{}' comes with the type {}: remove it", label,
                               type_name(type)));
    } else if (label == "le" || label == "quantile") {
      error(where, fmt::format("the label '{}' is reserved for histograms and summaries: choose "
                               "another name",
                               label));
    }
  }

  std::string_view keep(std::string_view text) { return reading_.catalog.keep(text); }

  const yaml::Node& node_;
  Subject& subject_;
  Reading reading_;
};

}  // namespace

void read_metrics(const yaml::Node& list, Subject& subject, Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where, "metrics must be a list of entries, each with a '-'");
    return;
  }
  for (const auto& node : list.items) EntryReader(node, subject, reading).read();
}

}  // namespace basewatch::catalog
