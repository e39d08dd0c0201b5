// Whatever a server sends as the cells of a result: every query of the catalog makes samples of it,
// or says what is wrong. The first line names the query, each further line is a cell; \N is NULL.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "agent/base/strings.h"
#include "agent/expose/text.h"
#include "exporters/postgres/facts.h"
#include "exporters/postgres/queries.h"
#include "exporters/postgres/rows.h"

namespace {

using namespace basewatch;

void try_rows(const QuerySpec& query, std::string_view cells) {
  clients::Table table;
  const auto add = [&](std::string_view column) {
    if (!column.empty() && !table.find(column)) table.columns.emplace_back(column);
  };
  for (const auto label : query.labels) add(label);
  for (const auto& column : query.columns) {
    for (const auto name :
         {column.column, column.field, column.buckets, column.sum, column.count}) {
      add(name);
    }
  }
  std::size_t count = 0;
  std::string_view line;
  while (next_line(cells, line) && count < 5000) {
    table.add(line == "\\N" ? std::nullopt : std::optional(line));
    ++count;
  }
  for (; count % table.columns.size() != 0; ++count) table.add(std::nullopt);
  Page page;
  try {
    postgres::add_rows(query, table, page);
  } catch (const postgres::RowError& error) {
    if (!is_valid_utf8(error.what()) || std::string_view(error.what()).empty()) std::abort();
    return;
  }
  page.seal();
  std::string out;
  const expose::Part part{&page};
  if (expose::write_text({&part, 1}, out).series != page.samples()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size), name;
  if (size > 50'000 || !next_line(input, name)) return 0;
  const auto queries = postgres::builtin_queries();
  const auto found =
      std::ranges::find_if(queries, [&](const auto* each) { return each->name == name; });
  try_rows(found == queries.end() ? *queries[name.size() % queries.size()] : **found, input);

  clients::Table facts;
  facts.columns = {"kind", "name", "value"};
  std::string_view line;
  while (next_line(input, line)) facts.add(line);
  postgres::Facts known;
  postgres::read_facts(facts, known);
  known.version = 150000;
  for (const auto* query : queries) {
    if (!postgres::find_lack(*query, known) && postgres::sql_for(*query, known).empty())
      std::abort();
  }
  return 0;
}
