#pragma once

#include <span>
#include <string>
#include <string_view>

#include "catalog/compiler/promql/ast.h"

// The vocabulary of Prometheus 2.42: functions, aggregations, operators and keywords.
namespace basewatch::promql {

// An argument beyond the last of `arguments` has the type of the last.
struct Function {
  std::string_view name;
  std::span<const ValueType> arguments;
  std::size_t required;
  std::size_t at_most;  // kUnlimited for label_join
  ValueType result = ValueType::instant_vector;
};
inline constexpr std::size_t kUnlimited = ~std::size_t{0};

const Function* find_function(std::string_view name);
// The function, or aggregation, that a person most likely meant; empty where none is near.
std::string_view nearest_function(std::string_view name);
// Works on native histograms, which this parser leaves out.
bool is_native_histogram_function(std::string_view name);

bool is_aggregation(std::string_view name);
// topk, bottomk, quantile: a number; count_values: a string.
bool takes_parameter(std::string_view aggregation);

// Binds stronger the greater; 0 for what is no binary operator.
int precedence(std::string_view op);
inline constexpr int kPowerPrecedence = 6;
bool is_comparison(std::string_view op);
bool is_set_operator(std::string_view op);

// In lower case.
bool is_keyword(std::string_view word);
// Keywords that Prometheus does not take for a metric's name.
bool may_name_metric(std::string_view keyword);

}  // namespace basewatch::promql
