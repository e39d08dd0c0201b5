#include "catalog/compiler/promql/ast.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "catalog/compiler/promql/functions.h"

namespace basewatch::promql {

std::string_view value_type_name(ValueType type) {
  constexpr std::string_view kNames[] = {"scalar", "string", "instant vector", "range vector"};
  return kNames[static_cast<std::size_t>(type)];
}

ValueType value_type(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return ValueType::scalar;
    case Kind::string:
      return ValueType::string;
    case Kind::selector:
    case Kind::aggregation:
      return ValueType::instant_vector;
    case Kind::matrix:
    case Kind::subquery:
      return ValueType::range_vector;
    case Kind::call:
      return find_function(expr.text)->result;
    case Kind::unary:
    case Kind::paren:
      return value_type(*expr.args[0]);
    case Kind::binary:
      return std::max(value_type(*expr.args[0]), value_type(*expr.args[1]));
  }
  return ValueType::scalar;
}

const Expr& unwrap(const Expr& expr) {
  const auto* inner = &expr;
  while (inner->kind == Kind::paren) inner = inner->args[0].get();
  return *inner;
}

namespace {

auto words(const Matcher& matcher) {
  return std::tie(matcher.label, matcher.op, matcher.value);
}

bool same_matchers(std::vector<Matcher> a, std::vector<Matcher> b) {
  const auto before = [](const Matcher& x, const Matcher& y) { return words(x) < words(y); };
  std::ranges::sort(a, before);
  std::ranges::sort(b, before);
  return std::ranges::equal(
      a, b, [](const Matcher& x, const Matcher& y) { return words(x) == words(y); });
}

bool same_matching(const VectorMatching& a, const VectorMatching& b) {
  return a.is_on == b.is_on && a.given == b.given && a.labels == b.labels && a.card == b.card &&
         a.include == b.include;
}

bool same_number(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

auto plain_fields(const Expr& e) {
  return std::tie(e.kind, e.text, e.range, e.step, e.offset, e.at_modifier, e.at_point,
                  e.at_milliseconds, e.grouping, e.grouping_labels, e.bool_modifier);
}

}  // namespace

bool same(const Expr& a, const Expr& b) {
  return plain_fields(a) == plain_fields(b) && same_number(a.number, b.number) &&
         same_matchers(a.matchers, b.matchers) && same_matching(a.matching, b.matching) &&
         std::ranges::equal(a.args, b.args,
                            [](const ExprPtr& x, const ExprPtr& y) { return same(*x, *y); });
}

}  // namespace basewatch::promql
