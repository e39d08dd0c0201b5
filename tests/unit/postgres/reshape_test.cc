#include "exporters/postgres/reshape.h"

#include <doctest/doctest.h>

#include "exporters/postgres/rows.h"

namespace basewatch::postgres {
namespace {

using clients::Table;

Table table(std::vector<std::string> columns,
            const std::vector<std::optional<std::string_view>>& cells) {
  Table out;
  out.columns = std::move(columns);
  for (const auto& cell : cells) out.add(cell);
  return out;
}

std::string shown(const Table& rows) {
  std::string out;
  for (const auto& column : rows.columns) out += column + " ";
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    out += "|";
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      out += " " + std::string(rows.cell(row, i).value_or("NULL"));
    }
  }
  return out;
}

constexpr std::string_view kLabels[] = {"user", "application"};

TEST_CASE("a pivot makes a column of each name, and the first of a name counts") {
  QuerySpec query;
  query.reshaping = {"list", "items", {}};
  const auto rows = table({"list", "items"}, {"users", "2", "pools", std::nullopt, "users", "3",
                                              std::nullopt, "4"});
  CHECK(shown(reshaped(query, rows)) == "users pools | 2 NULL");
  CHECK(shown(reshaped(query, table({"list", "items"}, {}))).empty());
  CHECK_THROWS_WITH_AS(reshaped(query, table({"key", "items"}, {"a", "1"})),
                       "the column 'list' is not among the columns of the result", RowError);
}

TEST_CASE("rows of equal labels are counted; a label without a column is empty") {
  QuerySpec query;
  query.labels = kLabels;
  query.reshaping.count = "number";
  CHECK(shown(reshaped(query, table({"application", "x", "user"}, {"web", "1", "a", "job", "2", "a",
                                                                   "web", "3", "a"}))) ==
        "user application number | a job 1| a web 2");
  CHECK(shown(reshaped(query, table({"user"}, {"a", "b", "a", std::nullopt}))) ==
        "user application number |   1| a  2| b  1");
  auto cut = table({"user"}, {"a"});
  cut.truncated = true;
  CHECK(reshaped(query, cut).truncated);
}

TEST_CASE("any other query keeps its rows") {
  CHECK(shown(reshaped(QuerySpec{}, table({"a", "b"}, {"1", "2"}))) == "a b | 1 2");
}

}  // namespace
}  // namespace basewatch::postgres
