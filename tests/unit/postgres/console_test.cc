#include "exporters/postgres/console.h"

#include <doctest/doctest.h>

namespace basewatch::postgres {
namespace {

using clients::Table;
constexpr auto null = std::nullopt;

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

TEST_CASE("names and values become columns, and the first of a name counts") {
  const auto lists =
      table({"list", "items"}, {"users", "2", "pools", null, "users", "3", null, "4"});
  CHECK(shown(console_rows("SHOW LISTS", lists)) == "users pools | 2 NULL");
  CHECK(shown(console_rows("show  lists", lists)) == "users pools | 2 NULL");
  CHECK(shown(console_rows("SHOW LISTS", table({"list", "items"}, {}))).empty());
  CHECK(shown(console_rows("SHOW CONFIG", table({"key", "value", "default"}, {"max_client_conn", "9", "1"}))) ==
        "max_client_conn | 9");
  const auto odd = table({"key", "items"}, {"a", "1"});
  CHECK(shown(console_rows("SHOW LISTS", odd)) == shown(odd));
}

TEST_CASE("clients are counted; a column that is not there is empty") {
  CHECK(shown(console_rows("SHOW CLIENTS",
                           table({"type", "user", "database", "state", "application_name"},
                                 {"C", "a", "d", "active", "web",    //
                                  "C", "b", "d", "active", "job",    //
                                  "C", "a", "d", "active", "web",    //
                                  "C", "a", "d", "waiting", "web"}))) ==
        "database user application_name state connections | d a web active 2| d a web waiting 1"
        "| d b job active 1");
  auto cut = table({"user"}, {"a", null});
  cut.truncated = true;
  const auto rows = console_rows("SHOW CLIENTS", cut);
  CHECK(rows.truncated);
  CHECK(shown(rows) == "database user application_name state connections |     1|  a   1");
}

TEST_CASE("times are seconds, and nothing else changes") {
  CHECK(shown(console_rows("SHOW STATS_TOTALS",
                           table({"database", "query_count", "query_time", "wait_time"},
                                 {"a", "7", "1500000", null, "b", "1000000", "1", "x"}))) ==
        "database query_count query_time wait_time | a 7 1.5 NULL| b 1000000 1e-06 x");
}

TEST_CASE("names of other versions, the version, and what stays as it is") {
  CHECK(shown(console_rows("SHOW DATABASES", table({"name", "reserve_pool_size"}, {"a", "3"}))) ==
        "name reserve_pool | a 3");
  CHECK(shown(console_rows("SHOW VERSION", table({"version"}, {"PgBouncer 1.18.0"}))) ==
        "version info | PgBouncer 1.18.0 1");
  CHECK(shown(console_rows("SHOW POOLS", table({"a", "b"}, {"1", "2"}))) == "a b | 1 2");
  CHECK(shown(console_rows("", table({"a"}, {"1"}))) == "a | 1");
}

}  // namespace
}  // namespace basewatch::postgres
