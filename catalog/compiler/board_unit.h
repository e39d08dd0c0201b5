#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/promql/ast.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// What a number counts: the catalog's word, and whether per second.
struct Unit {
  std::string word;
  bool per_second = false;
  bool operator==(const Unit&) const = default;
};

// "bytes", "bytes/s": as board.yml writes it.
Unit parse_unit(std::string_view text);

// Grafana's id of the unit. Nothing for a word that is neither in the table nor a plural: the units
// of counts (clients, queries) are many, and Grafana has no word for them.
std::optional<std::string> grafana_unit(const Unit& unit);

// The words of the table, for messages.
const std::vector<std::string_view>& unit_words();

// What is declared of a name that can be selected; a histogram's _bucket has the histogram's unit.
struct DeclaredMetric {
  MetricType type = MetricType::untyped;
  std::string_view unit, help;
};
std::optional<DeclaredMetric> find_metric(const std::vector<const Subject*>& subjects,
                                          std::string_view name);

// The unit of an expression's result, followed from the units of its metrics. Nothing where it
// cannot be followed: a product of two metrics, a metric without a unit.
using UnitOfName = std::function<std::optional<Unit>(std::string_view name)>;
std::optional<Unit> unit_of(const promql::Expr& expr, const UnitOfName& lookup);

}  // namespace basewatch::catalog
