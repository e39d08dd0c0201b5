// `query:` entries of metrics.yml and of a site: docs/formats/catalog.md is their manual.
#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/metric_fields.h"
#include "catalog/load/named.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMostRows = 1'000'000;

// "14" or "14.2" as major * 10000 + minor.
std::optional<int> version_number(std::string_view text) {
  const auto dot = text.find('.');
  const auto major = parse_uint(text.substr(0, dot));
  const auto minor =
      dot == text.npos ? std::optional<std::uint64_t>(0) : parse_uint(text.substr(dot + 1));
  if (!major || !minor || *major > 9999 || *minor > 9999) return std::nullopt;
  return static_cast<int>(*major * 10000 + *minor);
}

// ">=13", "<17", ">=13 <17".
std::optional<VersionRange> version_range(std::string_view text) {
  VersionRange range;
  bool any = false;
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    const bool least = word.starts_with(">=");
    if (!least && !word.starts_with('<')) return std::nullopt;
    const auto number = version_number(word.substr(least ? 2 : 1));
    if (!number) return std::nullopt;
    (least ? range.least : range.below) = *number;
    any = true;
  }
  return any && range.least < range.below ? std::optional(range) : std::nullopt;
}

class QueryReader {
 public:
  QueryReader(const yaml::Node& node, Subject& subject, Reading reading)
      : entry_(node, "a query", reading.diagnostics),
        subject_(subject),
        reading_(reading),
        fields_(reading) {}

  void read() {
    query_.where = entry_.where("query");
    const auto name = entry_.required_string("query");
    if (!name.empty() && (!is_label_name(name) || name.size() > 63)) {
      error("query", fmt::format("'{}' is no name of a query: write letters, digits and '_' only, "
                                 "at most 63",
                                 printable(name)));
    }
    query_.spec.name = keep(name);
    query_.spec.help = keep(fields_.read_help(entry_));
    if (reading_.of_a_site) query_.spec.where = keep(query_.where.text());
    read_when_and_where();
    read_needs();
    read_labels();
    read_sql();
    since_ = fields_.read_since(entry_);
    if (const auto* columns = entry_.required("columns")) read_columns(*columns);
    entry_.finish();
    if (!name.empty()) subject_.queries.push_back(std::move(query_));
  }

 private:
  void error(std::string_view key, std::string message) {
    reading_.diagnostics.error(entry_.where(key), std::move(message));
  }
  void error(const Location& where, std::string message) {
    reading_.diagnostics.error(where, std::move(message));
  }
  std::string_view keep(std::string_view text) { return reading_.catalog.keep(text); }

  void read_when_and_where() {
    if (const auto* on = entry_.find("on")) read_on(*on);
    if (const auto* every = entry_.find("every"); every && every->scalar != "scrape") {
      const auto span = yaml::as_duration(*every, "every", reading_.diagnostics);
      if (span && (*span < 1s || *span > 24h)) {
        error("every", "every must be 'scrape', or from 1s to 1d");
      }
      query_.spec.every = span.value_or(Duration::zero());
    }
    query_.spec.enabled = entry_.flag("enabled", true);
    if (!reading_.of_a_site) query_.spec.compat = entry_.flag("compat", false);
    query_.spec.max_rows = entry_.integer("max_rows", query_.spec.max_rows, 1, kMostRows);
    query_.spec.others_rows = entry_.integer("others_rows", query_.spec.others_rows, 1, kMostRows);
    for (const auto& name : entry_.strings("instances")) query_.instances.push_back(keep(name));
  }

  void read_on(const yaml::Node& node) {
    if (node.kind == yaml::Kind::scalar && node.scalar == "cluster") {
      query_.spec.on = QueryOn::cluster;
      return;
    }
    const auto* database = node.kind == yaml::Kind::mapping && node.entries.size() == 1
                               ? node.find("database")
                               : nullptr;
    if (database && database->scalar == "configured") {
      query_.spec.on = QueryOn::configured;
    } else if (database && database->scalar == "each") {
      query_.spec.on = QueryOn::each;
    } else {
      error(node.where,
            "on must be cluster, {database: configured} or {database: each}: where the query runs");
    }
  }

  void read_needs() {
    const auto* node = entry_.find("requires");
    if (!node) return;
    yaml::Mapping needs(*node, "requires", reading_.diagnostics);
    auto& out = query_.spec.needs;
    out.server = static_cast<ServerKind>(needs.choice("server", 0, {"postgres", "pgbouncer"}));
    out.role = static_cast<ServerRole>(needs.choice("role", 0, {"any", "primary", "standby"}));
    if (const auto* version = needs.find("version")) out.versions = read_versions(*version);
    out.extension = keep(needs.string("extension"));
    for (const auto& role : needs.strings("privilege")) query_.privileges.push_back(keep(role));
    for (const auto& name : needs.strings("relation")) query_.relations.push_back(keep(name));
    if (const auto* settings = needs.find("setting")) read_settings(*settings, needs);
    needs.finish();
  }

  VersionRange read_versions(const yaml::Node& node) {
    const auto range = version_range(node.scalar);
    if (!range) {
      error(node.where, fmt::format("a version is written \">=13\", \"<17\" or \">=13 <17\", not "
                                    "'{}'",
                                    printable(node.scalar)));
    }
    return range.value_or(VersionRange{});
  }

  // A list of names that must be known, or a mapping of each to the value it must have.
  void read_settings(const yaml::Node& node, yaml::Mapping& needs) {
    if (node.kind != yaml::Kind::mapping) {
      for (const auto& name : needs.strings("setting")) query_.settings.push_back({keep(name), {}});
      return;
    }
    yaml::Mapping values(node, "setting", reading_.diagnostics);
    for (const auto& [name, value] : node.entries) {
      query_.settings.push_back({keep(name.scalar), keep(values.string(name.scalar))});
    }
  }

  void read_labels() {
    const auto names = entry_.strings("labels");
    const auto* list = entry_.find("labels");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool in_list = list->kind == yaml::Kind::sequence && i < list->items.size();
      const auto& where = in_list ? list->items[i].where : list->where;
      fields_.check_label(names[i], where, MetricType::untyped);
      if (std::ranges::find(query_.labels, names[i]) != query_.labels.end()) {
        error(where, fmt::format("the label '{}' stands twice", printable(names[i])));
        continue;
      }
      query_.labels.push_back(keep(names[i]));
      query_.label_places.push_back(where);
    }
  }

  void read_sql() {
    const auto* node = entry_.required("sql");
    if (!node) return;
    if (node->kind != yaml::Kind::sequence) {
      add_variant({}, required_text(entry_, "sql", reading_.diagnostics));
      return;
    }
    for (const auto& item : node->items) {
      yaml::Mapping variant(item, "a variant of sql", reading_.diagnostics);
      VersionRange range;
      if (const auto* version = variant.required("version")) range = read_versions(*version);
      add_variant(range, required_text(variant, "sql", reading_.diagnostics));
      variant.finish();
    }
    if (node->items.empty()) error(node->where, "write at least one {version: \">=13\", sql: ...}");
  }

  void add_variant(VersionRange range, Text text) {
    auto sql = trim(text.value);
    while (sql.ends_with(';')) sql = trim(sql.substr(0, sql.size() - 1));
    if (sql.empty()) {
      if (!text.value.empty()) error(text.where, "the SQL is empty");  // else told: it is required
      return;
    }
    if (sql.find('\0') != sql.npos) error(text.where, "the SQL holds a byte 0");
    query_.sql.push_back({range, keep(sql)});
    query_.sql_texts.push_back(std::move(text));
  }

  void read_columns(const yaml::Node& node) {
    if (node.kind != yaml::Kind::mapping || node.entries.empty()) {
      error(node.where,
            "columns must be a mapping of each column to its metric: {total: {metric: ..., type: "
            "gauge, help: ...}}");
      return;
    }
    for (const auto& [name, value] : node.entries) read_column(name, value);
  }

  void read_column(const yaml::Node& name, const yaml::Node& node) {
    yaml::Mapping column(node, fmt::format("the column {}", printable(name.scalar)),
                         reading_.diagnostics);
    if (std::ranges::find(query_.labels, name.scalar) != query_.labels.end()) {
      error(name.where, fmt::format("'{}' is a label already: a column is one or the other",
                                    printable(name.scalar)));
    }
    QueryColumn out;
    out.column = keep(name.scalar);
    out.null = static_cast<NullRule>(column.choice("if_null", 0, {"skip", "zero", "nan"}));
    const bool family = column.find("family");
    if (family == (column.find("metric") != nullptr)) {
      error(node.where, "a column has either 'metric: NAME' or 'family: NAME_{field}'");
      return;
    }
    if (family) {
      read_family(column, out);
    } else {
      read_metric(column, out);
    }
    column.finish();
    query_.columns.push_back(out);
    query_.column_places.push_back(name.where);
  }

  void read_metric(yaml::Mapping& column, QueryColumn& out) {
    MetricEntry metric;
    metric.where = column.where("metric");
    const auto name = column.required_string("metric");
    fields_.check_name(name, metric.where);
    metric.spec.name = keep(name);
    read_spec(column, metric.spec, metric.since, metric.budget);
    metric.from_query = query_.spec.name;
    metric.section = subject_.sections.size();
    out.metric = metric.spec;
    if (metric.spec.type == MetricType::histogram) {
      out.buckets = keep(column.required_string("buckets"));
      out.sum = keep(column.required_string("sum"));
      out.count = keep(column.required_string("count"));
    } else if (metric.spec.type == MetricType::summary) {
      error(column.where("type"),
            "a query makes no summaries: write a histogram, or a gauge with "
            "a label for the quantile");
    }
    if (!name.empty()) subject_.metrics.push_back(std::move(metric));
  }

  void read_family(yaml::Mapping& column, QueryColumn& out) {
    FamilyEntry family;
    family.where = column.where("family");
    const auto pattern = column.required_string("family");
    if (reading_.of_a_site) {
      error(family.where, "a site cannot declare a family: declare a metric with a label instead");
    }
    const bool usable = fields_.check_pattern(pattern, family.where);
    family.spec.pattern = out.pattern = keep(pattern);
    family.section = subject_.sections.size();
    out.field = keep(column.required_string("field"));
    read_spec(column, family.spec, family.since, family.budget);
    out.metric = {family.spec.type, {}, family.spec.help, family.spec.unit, family.spec.labels};
    auto known = column.strings("known");
    std::ranges::sort(known);
    family.spec.known = reading_.catalog.keep(known);
    if (family.spec.type == MetricType::histogram || family.spec.type == MetricType::summary) {
      error(column.where("type"), "a family of a query is a gauge, counter or untyped");
    }
    if (usable && !reading_.of_a_site) subject_.families.push_back(std::move(family));
  }

  // As every metric's, but for the labels: those of the query unless the column has its own.
  template <typename Spec>
  void read_spec(yaml::Mapping& column, Spec& spec, std::string& since, Budget& budget) {
    fields_.read_common(column, spec, since, budget);
    if (since.empty()) since = since_;
    if (!column.find("labels")) {
      std::vector<std::string> names(query_.labels.begin(), query_.labels.end());
      spec.labels = reading_.catalog.keep(names);
    }
    for (const auto label : spec.labels) {
      if (std::ranges::find(query_.labels, label) != query_.labels.end()) continue;
      const std::vector<std::string_view> known(query_.labels.begin(), query_.labels.end());
      const auto guess = nearest(label, known);
      error(column.where("labels"),
            fmt::format("the label '{}' is not among the labels of the query {}: {}",
                        printable(label), query_.spec.name,
                        guess.empty() ? "add it there" : fmt::format("did you mean '{}'?", guess)));
    }
  }

  yaml::Mapping entry_;
  Subject& subject_;
  Reading reading_;
  MetricFields fields_;
  QueryEntry query_;
  std::string since_;
};

}  // namespace

void read_query(const yaml::Node& entry, Subject& subject, Reading reading) {
  QueryReader(entry, subject, reading).read();
}

}  // namespace basewatch::catalog
