#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

bool is_word_char(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether the text holds `word`, not as a part of a longer one.
bool names(std::string_view sql, std::string_view word) {
  for (auto at = sql.find(word); at != sql.npos; at = sql.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool begins = at == 0 || !is_word_char(sql[at - 1]);
    if (begins && (end == sql.size() || !is_word_char(sql[end]))) return true;
  }
  return false;
}

// SHOW lists columns that nobody writes, and so does a star that is no count(*).
bool is_open(std::string_view sql) {
  if (sql.starts_with("SHOW") || sql.starts_with("show")) return true;
  for (auto at = sql.find('*'); at != sql.npos; at = sql.find('*', at + 1)) {
    const auto before = trim(sql.substr(0, at));
    if (before.ends_with('.') || before.ends_with("SELECT") || before.ends_with("select"))
      return true;
  }
  return false;
}

class QueryCheck {
 public:
  QueryCheck(const QueryEntry& query, Diagnostics& diagnostics)
      : query_(query), diagnostics_(diagnostics) {}

  void check() {
    check_variants();
    for (std::size_t i = 0; i < query_.labels.size(); ++i) {
      expect_everywhere(query_.labels[i], query_.label_places[i]);
      const bool used = std::ranges::any_of(query_.columns, [&](const auto& column) {
        return std::ranges::find(column.metric.labels, query_.labels[i]) !=
               column.metric.labels.end();
      });
      if (!used) {
        tell(query_.label_places[i], "query-label",
             fmt::format("no column of the query {} has the label '{}': remove it",
                         query_.spec.name, query_.labels[i]));
      }
    }
    for (std::size_t i = 0; i < query_.columns.size(); ++i) {
      const auto& column = query_.columns[i];
      for (const auto word :
           {column.column, column.field, column.buckets, column.sum, column.count}) {
        if (!word.empty()) expect_somewhere(word, query_.column_places[i]);
      }
    }
    if (query_.spec.needs.extension.empty()) refuse_placeholder("{extension}");
  }

 private:
  void tell(const Location& where, std::string_view code, std::string message) {
    report(diagnostics_, where, code, std::move(message));
  }

  // The first variant whose versions hold is taken, so one that is hidden by an earlier is dead.
  void check_variants() {
    for (std::size_t i = 0; i < query_.sql.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const auto &own = query_.sql[i].versions, &earlier = query_.sql[j].versions;
        if (own.least < earlier.least || own.below > earlier.below) continue;
        tell(query_.sql_texts[i].where, "query-variant",
             "an earlier variant takes every version of this one: remove one of them");
        break;
      }
    }
  }

  void expect_everywhere(std::string_view word, const Location& where) {
    for (const auto& variant : query_.sql) {
      if (is_open(variant.sql) || names(variant.sql, word)) continue;
      tell(where, "query-column",
           fmt::format("the SQL of {} yields no column '{}': write AS {} there", query_.spec.name,
                       printable(word), printable(word)));
      return;
    }
  }

  void expect_somewhere(std::string_view word, const Location& where) {
    const bool found = std::ranges::any_of(query_.sql, [&](const auto& variant) {
      return is_open(variant.sql) || names(variant.sql, word);
    });
    if (!found && !query_.sql.empty()) expect_everywhere(word, where);
  }

  void refuse_placeholder(std::string_view placeholder) {
    for (const auto& text : query_.sql_texts) {
      const auto at = text.value.find(placeholder);
      if (at == std::string::npos) continue;
      tell(text.at(at), "query-placeholder",
           "{extension} stands for the schema of the extension: say which by requires: {extension: "
           "NAME}");
    }
  }

  const QueryEntry& query_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_queries(const Program& program, Diagnostics& diagnostics) {
  for (const auto* subject : program.subjects()) {
    for (const auto& query : subject->queries) QueryCheck(query, diagnostics).check();
  }
}

}  // namespace basewatch::catalog
