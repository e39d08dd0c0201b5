#include "exporters/postgres/reshape.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "agent/base/strings.h"
#include "exporters/postgres/rows.h"

namespace basewatch::postgres {
namespace {

using clients::Table;

std::size_t place_of(const Table& table, std::string_view column) {
  if (const auto found = table.find(column)) return *found;
  throw RowError(
      fmt::format("the column '{}' is not among the columns of the result", printable(column)));
}

Table pivoted(const Reshaping& how, const Table& table) {
  const auto names = place_of(table, how.names), values = place_of(table, how.values);
  Table out;
  std::set<std::string_view> seen;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto name = table.cell(row, names);
    if (!name || !seen.insert(*name).second) continue;
    out.columns.emplace_back(*name);
    out.add(table.cell(row, values));
  }
  return out;
}

// A label that an older version of the console has no column for is the empty text.
Table counted(const QuerySpec& query, const Table& table) {
  std::vector<std::optional<std::size_t>> places;
  for (const auto label : query.labels) places.push_back(table.find(label));
  std::map<std::vector<std::string_view>, std::size_t> groups;
  std::vector<std::string_view> key(places.size());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      key[i] = places[i] ? table.cell(row, *places[i]).value_or("") : "";
    }
    ++groups[key];
  }
  Table out;
  out.truncated = table.truncated;
  out.columns.assign(query.labels.begin(), query.labels.end());
  out.columns.emplace_back(query.reshaping.count);
  for (const auto& [labels, count] : groups) {
    for (const auto label : labels) out.add(label);
    out.add(std::to_string(count));
  }
  return out;
}

}  // namespace

Table reshaped(const QuerySpec& query, Table table) {
  if (!query.reshaping.names.empty()) return pivoted(query.reshaping, table);
  if (!query.reshaping.count.empty()) return counted(query, table);
  return table;
}

}  // namespace basewatch::postgres
