#include "exporters/postgres/rows.h"

#include <doctest/doctest.h>

#include "agent/expose/text.h"

namespace basewatch::postgres {
namespace {

using clients::Table;
using Cells = std::vector<std::optional<std::string_view>>;
constexpr auto null = std::nullopt;

Table table(std::vector<std::string> columns, const Cells& cells) {
  Table out;
  out.columns = std::move(columns);
  for (const auto& cell : cells) out.add(cell);
  return out;
}

// The lines of the samples, comments left out.
std::string written(const QuerySpec& query, const Table& rows) {
  Page page;
  add_rows(query, rows, page);
  page.seal();
  std::string text, out;
  const expose::Part part{&page};
  expose::write_text({&part, 1}, text);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at) + 1;
    if (text[at] != '#') out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

std::string thrown(const QuerySpec& query, const Table& rows) {
  Page page;
  try {
    add_rows(query, rows, page);
  } catch (const RowError& error) {
    return error.what();
  }
  return "";
}

constexpr std::string_view kLabels[] = {"db", "mode"};
constexpr SqlVariant kSql[] = {{{}, "SELECT ..."}};
constexpr SqlVariant kTwo[] = {{{170000, 990000}, "SELECT ..."}, {{}, "SELECT ..."}};
constexpr QueryColumn column(std::string_view name, const MetricSpec& metric,
                             NullRule null = NullRule::skip) {
  QueryColumn out;
  out.column = name;
  out.metric = metric;
  out.null = null;
  return out;
}
constexpr QuerySpec spec(std::span<const QueryColumn> columns,
                         std::span<const SqlVariant> sql = kSql) {
  QuerySpec out;
  out.name = "t";
  out.labels = kLabels;
  out.sql = sql;
  out.columns = columns;
  return out;
}
constexpr QueryColumn kColumns[] = {
    column("n", {MetricType::gauge, "t_n", "N.", "", kLabels}),
    column("z", {MetricType::counter, "t_z", "Z.", "", std::span(kLabels).first(1)},
           NullRule::zero),
};
constexpr QuerySpec kQuery = spec(kColumns);

TEST_CASE("every column is a family, with its own labels") {
  CHECK(written(kQuery,
                table({"mode", "z", "n", "db"}, {"m", "7", "1.5", "a", null, null, "2e3", "b"})) ==
        "t_n{db=\"a\",mode=\"m\"} 1.5\n"
        "t_n{db=\"b\",mode=\"\"} 2000\n"
        "t_z{db=\"a\"} 7\n"
        "t_z{db=\"b\"} 0\n");
}

TEST_CASE("NULL, booleans and what floats may be") {
  const auto rows = table({"db", "mode", "n", "z"}, {"a", "1", null, "t", "b", "2", "NaN", "f", "c",
                                                     "3", "-Infinity", "Infinity"});
  CHECK(written(kQuery, rows) ==
        "t_n{db=\"b\",mode=\"2\"} NaN\n"
        "t_n{db=\"c\",mode=\"3\"} -Inf\n"
        "t_z{db=\"a\"} 1\n"
        "t_z{db=\"b\"} 0\n"
        "t_z{db=\"c\"} +Inf\n");
}

TEST_CASE("a text is an error that names its column") {
  CHECK(thrown(kQuery, table({"db", "mode", "n", "z"}, {"a", "m", "1 day", "1"})) ==
        "the column 'n' holds '1 day', which is no number");
  CHECK(thrown(kQuery, table({"db", "mode", "n", "z"}, {"a", "m", "", "1"})) ==
        "the column 'n' holds '', which is no number");
  CHECK(thrown(kQuery, table({"db", "mode", "z"}, {"a", "m", "1"})) ==
        "the column 'n' is not among the columns of the result");
  CHECK(thrown(kQuery, table({"db", "n", "z"}, {"a", "1", "1"})) ==
        "the column 'mode' is not among the columns of the result");
}

TEST_CASE("a column that only another version has is left out") {
  auto query = kQuery;
  query.sql = kTwo;
  CHECK(written(query, table({"db", "mode", "n"}, {"a", "m", "1"})) ==
        "t_n{db=\"a\",mode=\"m\"} 1\n");
}

TEST_CASE("no rows, no complaint") {
  CHECK(written(kQuery, table({"whatever"}, {})) == "");
  CHECK(written(kQuery, {}) == "");
}

TEST_CASE("a family takes its names from a column") {
  auto settings = column("v", {MetricType::gauge, "", "P {p}.", "", {}});
  settings.pattern = "pg_settings_{p}";
  settings.field = "p";
  const auto query = spec({&settings, 1});
  CHECK(written(query, table({"p", "v"}, {"port", "5432", "bad name", "1", null, "2", "jit",
                                          "t"})) == "pg_settings_jit 1\npg_settings_port 5432\n");
}

TEST_CASE("histograms are arrays") {
  auto bounds =
      column("bounds", {MetricType::histogram, "t_seconds", "T.", "", std::span(kLabels).first(1)});
  bounds.buckets = "buckets";
  bounds.sum = "sum";
  bounds.count = "count";
  const auto query = spec({&bounds, 1});
  const std::vector<std::string> names{"db", "bounds", "buckets", "sum", "count"};
  CHECK(written(query, table(names, {"a", "{0.5,1}", "{1,2}", "7.5", "4"})) ==
        "t_seconds_bucket{db=\"a\",le=\"0.5\"} 1\n"
        "t_seconds_bucket{db=\"a\",le=\"1\"} 2\n"
        "t_seconds_bucket{db=\"a\",le=\"+Inf\"} 4\n"
        "t_seconds_sum{db=\"a\"} 7.5\n"
        "t_seconds_count{db=\"a\"} 4\n");
  CHECK(thrown(query, table(names, {"a", "{1,0.5}", "{1,2}", "7.5", "4"})) ==
        "the column 'bounds' and its buckets must be ascending arrays of one length");
  CHECK(thrown(query, table(names, {"a", "{1}", "{1,2}", "7.5", "4"})) ==
        "the column 'bounds' and its buckets must be ascending arrays of one length");
  CHECK(thrown(query, table(names, {"a", "{1,2}", "{1,9}", "7.5", "4"})) ==
        "the column 'buckets' must count cumulatively, up to 'count'");
  CHECK(thrown(query, table(names, {"a", "1,2", "{1,9}", "7.5", "4"})) ==
        "the column 'bounds' is no array of numbers");
}

TEST_CASE("a version of a console may lack columns; a user's query says what it means") {
  static constexpr QueryColumn columns[] = {
      column("time", {MetricType::counter, "t_total", "T.", "", {}})};
  auto query = spec(columns);
  query.needs.server = ServerKind::pgbouncer;
  CHECK(written(query, table({"xact_time"}, {"1"})).empty());
  query.where = "site.yml:3:5";
  CHECK(thrown(query, table({"xact_time"}, {"1"})) ==
        "the column 'time' is not among the columns of the result");
}

}  // namespace
}  // namespace basewatch::postgres
