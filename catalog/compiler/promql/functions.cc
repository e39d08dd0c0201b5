#include "catalog/compiler/promql/functions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "agent/base/strings.h"

namespace basewatch::promql {

namespace {

constexpr auto kScalar = ValueType::scalar;
constexpr auto kString = ValueType::string;
constexpr auto kVector = ValueType::instant_vector;
constexpr auto kRange = ValueType::range_vector;

constexpr ValueType kOfVector[] = {kVector};
constexpr ValueType kOfRange[] = {kRange};
constexpr ValueType kOfScalar[] = {kScalar};
constexpr ValueType kVectorScalar[] = {kVector, kScalar};
constexpr ValueType kVectorTwoScalars[] = {kVector, kScalar, kScalar};
constexpr ValueType kRangeScalar[] = {kRange, kScalar};
constexpr ValueType kRangeTwoScalars[] = {kRange, kScalar, kScalar};
constexpr ValueType kScalarVector[] = {kScalar, kVector};
constexpr ValueType kScalarRange[] = {kScalar, kRange};
constexpr ValueType kLabelJoin[] = {kVector, kString, kString, kString};
constexpr ValueType kLabelReplace[] = {kVector, kString, kString, kString, kString};

constexpr Function kFunctions[] = {
    {"abs", kOfVector, 1, 1},
    {"absent", kOfVector, 1, 1},
    {"absent_over_time", kOfRange, 1, 1},
    {"acos", kOfVector, 1, 1},
    {"acosh", kOfVector, 1, 1},
    {"asin", kOfVector, 1, 1},
    {"asinh", kOfVector, 1, 1},
    {"atan", kOfVector, 1, 1},
    {"atanh", kOfVector, 1, 1},
    {"avg_over_time", kOfRange, 1, 1},
    {"ceil", kOfVector, 1, 1},
    {"changes", kOfRange, 1, 1},
    {"clamp", kVectorTwoScalars, 3, 3},
    {"clamp_max", kVectorScalar, 2, 2},
    {"clamp_min", kVectorScalar, 2, 2},
    {"cos", kOfVector, 1, 1},
    {"cosh", kOfVector, 1, 1},
    {"count_over_time", kOfRange, 1, 1},
    {"day_of_month", kOfVector, 0, 1},
    {"day_of_week", kOfVector, 0, 1},
    {"day_of_year", kOfVector, 0, 1},
    {"days_in_month", kOfVector, 0, 1},
    {"deg", kOfVector, 1, 1},
    {"delta", kOfRange, 1, 1},
    {"deriv", kOfRange, 1, 1},
    {"exp", kOfVector, 1, 1},
    {"floor", kOfVector, 1, 1},
    {"histogram_quantile", kScalarVector, 2, 2},
    {"holt_winters", kRangeTwoScalars, 3, 3},
    {"hour", kOfVector, 0, 1},
    {"idelta", kOfRange, 1, 1},
    {"increase", kOfRange, 1, 1},
    {"irate", kOfRange, 1, 1},
    {"label_join", kLabelJoin, 3, kUnlimited},
    {"label_replace", kLabelReplace, 5, 5},
    {"last_over_time", kOfRange, 1, 1},
    {"ln", kOfVector, 1, 1},
    {"log10", kOfVector, 1, 1},
    {"log2", kOfVector, 1, 1},
    {"max_over_time", kOfRange, 1, 1},
    {"min_over_time", kOfRange, 1, 1},
    {"minute", kOfVector, 0, 1},
    {"month", kOfVector, 0, 1},
    {"pi", {}, 0, 0, kScalar},
    {"predict_linear", kRangeScalar, 2, 2},
    {"present_over_time", kOfRange, 1, 1},
    {"quantile_over_time", kScalarRange, 2, 2},
    {"rad", kOfVector, 1, 1},
    {"rate", kOfRange, 1, 1},
    {"resets", kOfRange, 1, 1},
    {"round", kVectorScalar, 1, 2},
    {"scalar", kOfVector, 1, 1, kScalar},
    {"sgn", kOfVector, 1, 1},
    {"sin", kOfVector, 1, 1},
    {"sinh", kOfVector, 1, 1},
    {"sort", kOfVector, 1, 1},
    {"sort_desc", kOfVector, 1, 1},
    {"sqrt", kOfVector, 1, 1},
    {"stddev_over_time", kOfRange, 1, 1},
    {"stdvar_over_time", kOfRange, 1, 1},
    {"sum_over_time", kOfRange, 1, 1},
    {"tan", kOfVector, 1, 1},
    {"tanh", kOfVector, 1, 1},
    {"time", {}, 0, 0, kScalar},
    {"timestamp", kOfVector, 1, 1},
    {"vector", kOfScalar, 1, 1},
    {"year", kOfVector, 0, 1},
};

constexpr auto kAggregations =
    std::to_array<std::string_view>({"avg", "bottomk", "count", "count_values", "group", "max",
                                     "min", "quantile", "stddev", "stdvar", "sum", "topk"});

// Words that are not aggregations; the bool says whether a metric may be called so.
constexpr struct {
  std::string_view word;
  bool names_metric;
} kKeywords[] = {{"and", true},          {"atan2", false},    {"bool", false},
                 {"by", true},           {"end", true},       {"group_left", false},
                 {"group_right", false}, {"ignoring", false}, {"offset", true},
                 {"on", false},          {"or", true},        {"start", true},
                 {"unless", true},       {"without", true}};

constexpr struct {
  std::string_view text;
  int precedence;
} kOperators[] = {{"or", 1}, {"and", 2}, {"unless", 2}, {"==", 3},
                  {"!=", 3}, {"<", 3},   {"<=", 3},     {">", 3},
                  {">=", 3}, {"+", 4},   {"-", 4},      {"*", 5},
                  {"/", 5},  {"%", 5},   {"atan2", 5},  {"^", kPowerPrecedence}};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  return found != std::end(kFunctions) && found->name == name ? found : nullptr;
}

std::string_view nearest_function(std::string_view name) {
  std::vector<std::string_view> known(kAggregations.begin(), kAggregations.end());
  for (const auto& function : kFunctions) known.push_back(function.name);
  return nearest(name, known);
}

bool is_native_histogram_function(std::string_view name) {
  return name == "histogram_count" || name == "histogram_sum" || name == "histogram_fraction";
}

bool is_aggregation(std::string_view name) {
  return std::ranges::find(kAggregations, name) != kAggregations.end();
}

bool takes_parameter(std::string_view aggregation) {
  return aggregation == "topk" || aggregation == "bottomk" || aggregation == "quantile" ||
         aggregation == "count_values";
}

int precedence(std::string_view op) {
  for (const auto& known : kOperators) {
    if (known.text == op) return known.precedence;
  }
  return 0;
}

bool is_comparison(std::string_view op) {
  return precedence(op) == 3;
}
bool is_set_operator(std::string_view op) {
  return op == "and" || op == "or" || op == "unless";
}

bool is_keyword(std::string_view word) {
  return is_aggregation(word) ||
         std::ranges::any_of(kKeywords, [&](const auto& known) { return known.word == word; });
}

bool may_name_metric(std::string_view keyword) {
  return is_aggregation(keyword) || std::ranges::any_of(kKeywords, [&](const auto& known) {
           return known.word == keyword && known.names_metric;
         });
}

}  // namespace basewatch::promql
