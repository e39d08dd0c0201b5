#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/metric_fields.h"

namespace basewatch::catalog {
namespace {

// One entry of `metrics:`, whichever of its kinds it is.
class EntryReader {
 public:
  EntryReader(const yaml::Node& node, Subject& subject, Reading reading)
      : node_(node), subject_(subject), reading_(reading), fields_(reading) {}

  void read() {
    const bool metric = node_.find("metric"), family = node_.find("family"),
               passthrough = node_.find("passthrough"), query = node_.find("query");
    const int kinds = metric + family + passthrough + query;
    if (node_.find("section") && kinds == 0) return read_section();
    if (kinds != 1) {
      error(node_.where,
            "an entry of metrics is one of 'metric: NAME', 'family: NAME_{field}', 'query: NAME', "
            "'passthrough: SOURCE' and 'section: NAME'; write exactly one of these keys");
    } else if (query) {
      read_query(node_, subject_, reading_);
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
    fields_.check_name(name, metric.where);
    metric.spec.name = keep(name);
    fields_.read_common(entry, metric.spec, metric.since, metric.budget);
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
    const bool usable = fields_.check_pattern(pattern, family.where);
    family.spec.pattern = keep(pattern);
    fields_.read_common(entry, family.spec, family.since, family.budget);
    if (usable) read_known(entry, family);
    family.section = subject_.sections.size();
    entry.find("known");
    family.except = entry.strings("except");
    entry.finish();
    if (usable) subject_.families.push_back(std::move(family));
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
    passthrough.spec = {keep(source), keep(fields_.read_help(entry))};
    entry.finish();
    if (!source.empty()) subject_.passthroughs.push_back(std::move(passthrough));
  }

  std::string_view keep(std::string_view text) { return reading_.catalog.keep(text); }

  const yaml::Node& node_;
  Subject& subject_;
  Reading reading_;
  MetricFields fields_;
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
