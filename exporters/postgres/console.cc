#include "exporters/postgres/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "agent/base/strings.h"

namespace basewatch::postgres {
namespace {

using clients::Table;

// The first of a name counts.
Table pivoted(const Table& table, std::string_view names, std::string_view values) {
  const auto name = table.find(names), value = table.find(values);
  if (!name || !value) return table;
  Table out;
  std::set<std::string_view> seen;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto column = table.cell(row, *name);
    if (!column || !seen.insert(*column).second) continue;
    out.columns.emplace_back(*column);
    out.add(table.cell(row, *value));
  }
  return out;
}

// A column that an older version does not have is the empty text.
Table clients_counted(const Table& table) {
  constexpr std::array<std::string_view, 4> kLabels = {"database", "user", "application_name",
                                                       "state"};
  std::map<std::array<std::string_view, 4>, std::size_t> groups;
  std::array<std::optional<std::size_t>, 4> places;
  std::ranges::transform(kLabels, places.begin(), [&](auto label) { return table.find(label); });
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::array<std::string_view, 4> key;
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = places[i] ? table.cell(row, *places[i]).value_or("") : "";
    }
    ++groups[key];
  }
  Table out;
  out.truncated = table.truncated;
  out.columns.assign(kLabels.begin(), kLabels.end());
  out.columns.emplace_back("connections");
  for (const auto& [labels, count] : groups) {
    for (const auto label : labels) out.add(label);
    out.add(std::to_string(count));
  }
  return out;
}

Table with_info(const Table& table) {
  Table out;
  out.columns = table.columns;
  out.columns.emplace_back("info");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) out.add(table.cell(row, i));
    out.add("1");
  }
  return out;
}

Table in_seconds(const Table& table) {
  Table out;
  out.columns = table.columns;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto cell = table.cell(row, i);
      const auto micros = cell && table.columns[i].ends_with("_time") ? parse_double(*cell)
                                                                      : std::nullopt;
      if (micros) {
        out.add(fmt::format("{}", *micros / 1e6));
      } else {
        out.add(cell);
      }
    }
  }
  return out;
}

std::string upper_word(std::string_view text) {
  std::string word(next_word(text));
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::toupper(c); });
  return word;
}

}  // namespace

Table console_rows(std::string_view show, Table table) {
  next_word(show);
  const auto what = upper_word(show);
  if (what == "LISTS") return pivoted(table, "list", "items");
  if (what == "CONFIG") return pivoted(table, "key", "value");
  if (what == "CLIENTS") return clients_counted(table);
  if (what == "VERSION") return with_info(table);
  if (what == "STATS" || what == "STATS_TOTALS") return in_seconds(table);
  if (what == "DATABASES") {
    std::ranges::replace(table.columns, std::string("reserve_pool_size"),
                         std::string("reserve_pool"));
  }
  return table;
}

}  // namespace basewatch::postgres
