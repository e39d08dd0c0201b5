#include "catalog/compiler/promql/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/parser.h"

namespace basewatch::promql {

namespace {

void expect_type(Expr& expr, ValueType wanted, const std::string& where) {
  const auto type = check_types(expr);
  if (type == wanted) return;
  std::string advice;
  if (wanted == ValueType::range_vector && type == ValueType::instant_vector) {
    advice = unwrap(expr).kind == Kind::selector ? "; write a range like [5m] behind the metric"
                                                 : "; write a subquery like [5m:1m]";
  }
  throw SyntaxError(expr.begin,
                    fmt::format("{} takes a value of type {}, not {}{}", where,
                                value_type_name(wanted), value_type_name(type), advice));
}

std::string counted(std::size_t count) {
  return fmt::format("{} argument{}", count, count == 1 ? "" : "s");
}

ValueType check_call(Expr& expr) {
  const auto& function = *find_function(expr.text);  // the grammar makes no calls of others
  const auto given = expr.args.size();
  if (given < function.required || given > function.at_most) {
    const bool exact = function.required == function.at_most;
    const bool few = given < function.required;
    throw SyntaxError(expr.begin,
                      fmt::format("{}() takes {}{}, not {}", expr.text,
                                  exact ? ""
                                  : few ? "at least "
                                        : "at most ",
                                  counted(few ? function.required : function.at_most), given));
  }
  for (std::size_t i = 0; i < given; ++i) {
    const auto which = std::min(i, function.arguments.size() - 1);
    expect_type(*expr.args[i], function.arguments[which],
                fmt::format("argument {} of {}()", i + 1, expr.text));
  }
  return function.result;
}

ValueType check_aggregation(Expr& expr) {
  const bool parameter = takes_parameter(expr.text);
  const std::size_t wanted = parameter ? 2 : 1;
  if (expr.args.size() != wanted) {
    throw SyntaxError(expr.begin, fmt::format("{}() takes {}, not {}", expr.text, counted(wanted),
                                              expr.args.size()));
  }
  if (parameter) {
    const auto type = expr.text == "count_values" ? ValueType::string : ValueType::scalar;
    expect_type(*expr.args[0], type, fmt::format("the parameter of {}()", expr.text));
  }
  expect_type(*expr.args.back(), ValueType::instant_vector, fmt::format("{}()", expr.text));
  return ValueType::instant_vector;
}

// Checks that hold whatever the operands are.
void check_modifiers(const Expr& expr) {
  if (expr.bool_modifier && !is_comparison(expr.text)) {
    throw SyntaxError(
        expr.operator_offset,
        fmt::format("bool stands only behind a comparison, not behind {}", expr.text));
  }
  const auto& matching = expr.matching;
  if (!matching.is_on) return;
  for (std::size_t i = 0; i < matching.include.size(); ++i) {
    if (std::ranges::find(matching.labels, matching.include[i]) == matching.labels.end()) continue;
    throw SyntaxError(
        matching.include_offsets[i],
        fmt::format("the label {} stands in on () and must not stand in group_left or "
                    "group_right, too",
                    matching.include[i]));
  }
}

void check_vectors(Expr& expr) {
  if (is_set_operator(expr.text) && expr.matching.card != VectorMatching::Card::one_to_one) {
    throw SyntaxError(expr.operator_offset,
                      fmt::format("{} takes no group_left and no group_right: it always matches "
                                  "many to many",
                                  expr.text));
  }
  // ignoring () without anything else is the same as nothing at all.
  auto& matching = expr.matching;
  if (!matching.is_on && matching.labels.empty() &&
      matching.card == VectorMatching::Card::one_to_one) {
    matching.given = false;
  }
}

void check_scalars(Expr& expr, bool both) {
  if (is_set_operator(expr.text)) {
    throw SyntaxError(
        expr.operator_offset,
        fmt::format("{} needs a vector on both sides; vector() makes one of a scalar", expr.text));
  }
  if (both && is_comparison(expr.text) && !expr.bool_modifier) {
    throw SyntaxError(
        expr.operator_offset,
        fmt::format("a comparison of two scalars needs bool: write {} bool", expr.text));
  }
  if (!expr.matching.labels.empty()) {
    throw SyntaxError(expr.operator_offset,
                      "on () and ignoring () need an instant vector on both sides");
  }
  expr.matching = {};
}

ValueType check_binary(Expr& expr) {
  bool vectors[2] = {};
  for (int i = 0; i < 2; ++i) {
    const auto type = check_types(*expr.args[static_cast<std::size_t>(i)]);
    if (type != ValueType::scalar && type != ValueType::instant_vector) {
      throw SyntaxError(expr.args[static_cast<std::size_t>(i)]->begin,
                        fmt::format("{} takes scalars and instant vectors, not a {}", expr.text,
                                    value_type_name(type)));
    }
    vectors[i] = type == ValueType::instant_vector;
  }
  check_modifiers(expr);
  if (vectors[0] && vectors[1]) {
    check_vectors(expr);
  } else {
    check_scalars(expr, !vectors[0] && !vectors[1]);
  }
  return vectors[0] || vectors[1] ? ValueType::instant_vector : ValueType::scalar;
}

ValueType check_unary(Expr& expr) {
  const auto type = check_types(*expr.args[0]);
  if (type != ValueType::scalar && type != ValueType::instant_vector) {
    throw SyntaxError(expr.begin,
                      fmt::format("the sign {} takes a scalar or an instant vector, not "
                                  "a {}",
                                  expr.text, value_type_name(type)));
  }
  return type;
}

}  // namespace

ValueType check_types(Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return ValueType::scalar;
    case Kind::string:
      return ValueType::string;
    case Kind::selector:
      return ValueType::instant_vector;
    case Kind::matrix:
      return ValueType::range_vector;
    case Kind::subquery:
      expect_type(*expr.args[0], ValueType::instant_vector, "a subquery");
      return ValueType::range_vector;
    case Kind::call:
      return check_call(expr);
    case Kind::aggregation:
      return check_aggregation(expr);
    case Kind::unary:
      return check_unary(expr);
    case Kind::binary:
      return check_binary(expr);
    case Kind::paren:
      return check_types(*expr.args[0]);
  }
  return ValueType::scalar;
}

}  // namespace basewatch::promql
