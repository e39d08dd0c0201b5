#include "catalog/compiler/query_tables.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/cpp_literal.h"

namespace basewatch::catalog {
namespace {

// `inline constexpr TYPE NAME[] = {ROWS};` and the name; "{}" for no rows: a span of nothing.
class Lists {
 public:
  Lists(std::string& out, std::string_view query) : out_(out), query_(query) {}

  std::string add(std::string_view type, std::string_view what,
                  const std::vector<std::string>& rows) {
    if (rows.empty()) return "{}";
    const auto name = fmt::format("from_{}_{}", what, query_);
    out_ += fmt::format("inline constexpr {} {}[] = {{\n", type, name);
    for (const auto& row : rows) out_ += "    " + row + ",\n";
    out_ += "};\n";
    return name;
  }

  std::string texts(std::string_view what, std::span<const std::string_view> texts) {
    std::vector<std::string> rows;
    for (const auto text : texts) rows.push_back(cpp_literal(text));
    return add("std::string_view", what, rows);
  }

 private:
  std::string& out_;
  std::string_view query_;
};

std::string versions(VersionRange range) {
  return fmt::format("{{{}, {}}}", range.least, range.below);
}

std::string column_row(const QueryColumn& column, const std::string& labels) {
  const auto& metric = column.metric;
  return fmt::format(
      "{{{}, {{MetricType::{}, {}, {}, {}, {}}}, static_cast<NullRule>({}), {}, {}, {}, {}, {}}}",
      cpp_literal(column.column), type_name(metric.type), cpp_literal(metric.name),
      cpp_literal(metric.help), cpp_literal(metric.unit), labels, static_cast<int>(column.null),
      cpp_literal(column.pattern), cpp_literal(column.field), cpp_literal(column.buckets),
      cpp_literal(column.sum), cpp_literal(column.count));
}

std::string query_row(const QueryEntry& query, std::string& out) {
  Lists lists(out, query.spec.name);
  const auto labels = lists.texts("labels", query.labels);
  std::vector<std::string> variants, columns, settings;
  for (const auto& variant : query.sql) {
    variants.push_back(
        fmt::format("{{{}, {}}}", versions(variant.versions), cpp_literal(variant.sql)));
  }
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const auto& own = query.columns[i].metric.labels;
    const bool as_query = std::ranges::equal(own, query.labels);
    columns.push_back(column_row(query.columns[i],
                                 as_query ? labels : lists.texts(fmt::format("labels{}", i), own)));
  }
  for (const auto& [name, value] : query.settings) {
    settings.push_back(fmt::format("{{{}, {}}}", cpp_literal(name), cpp_literal(value)));
  }
  const auto& spec = query.spec;
  const auto& needs = spec.needs;
  const auto sql = lists.add("SqlVariant", "sql", variants);
  const auto column_list = lists.add("QueryColumn", "columns", columns);
  const auto needs_row = fmt::format(
      "{{static_cast<ServerKind>({}), static_cast<ServerRole>({}), {}, {}, {}, {}, {}}}",
      static_cast<int>(needs.server), static_cast<int>(needs.role), versions(needs.versions),
      cpp_literal(needs.extension), lists.add("SettingNeed", "settings", settings),
      lists.texts("privileges", query.privileges), lists.texts("relations", query.relations));
  return fmt::format(
      "{{{}, {}, {{}}, static_cast<QueryOn>({}), Duration({}), {}, {}, {}, {}, {}, {}, {}, {}, "
      "{}}}",
      cpp_literal(spec.name), cpp_literal(spec.help), static_cast<int>(spec.on), spec.every.count(),
      spec.enabled, spec.compat, spec.max_rows, spec.others_rows, labels, sql, column_list,
      needs_row, lists.texts("instances", query.instances));
}

}  // namespace

std::string render_queries(const Subject& subject) {
  if (subject.queries.empty()) return "";
  std::string out = "\n", rows;
  for (const auto& query : subject.queries) rows += "    " + query_row(query, out) + ",\n";
  return out + "// In the order of the file.\ninline constexpr QuerySpec queries[] = {\n" + rows +
         "};\n";
}

}  // namespace basewatch::catalog
