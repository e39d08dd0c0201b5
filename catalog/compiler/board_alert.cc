#include "catalog/compiler/board_alert.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace basewatch::catalog {
namespace {

using promql::Expr;
using promql::Kind;

// The value of an expression that is only numbers.
std::optional<double> constant(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return expr.number;
    case Kind::paren:
      return constant(*expr.args[0]);
    case Kind::unary: {
      const auto value = constant(*expr.args[0]);
      return value && expr.text == "-" ? -*value : value;
    }
    case Kind::binary: {
      const auto left = constant(*expr.args[0]), right = constant(*expr.args[1]);
      if (!left || !right) return std::nullopt;
      if (expr.text == "+") return *left + *right;
      if (expr.text == "-") return *left - *right;
      if (expr.text == "*") return *left * *right;
      if (expr.text == "/") return *left / *right;
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

bool is_comparison(const Expr& expr) {
  static const std::set<std::string, std::less<>> kComparisons{">", ">=", "<", "<=", "==", "!="};
  return expr.kind == Kind::binary && kComparisons.contains(expr.text) && !expr.bool_modifier;
}

std::string mirrored(const std::string& op) {
  if (op.front() == '<') return ">" + op.substr(1);
  if (op.front() == '>') return "<" + op.substr(1);
  return op;
}

bool compares(const Expr& expr) {
  if (expr.kind == Kind::paren) return compares(*expr.args[0]);
  if (expr.kind != Kind::binary) return false;
  if (expr.text == "and" || expr.text == "unless") return compares(*expr.args[0]);
  return is_comparison(expr) ||
         (expr.text == "or" && (compares(*expr.args[0]) || compares(*expr.args[1])));
}

void split(const Expr& expr, std::vector<AlertPart>& parts) {
  if (expr.kind == Kind::paren) return split(*expr.args[0], parts);
  // `a unless b` alerts on what is left of a: drawn without the rest, all of a would look bad.
  const bool whole = !compares(expr);
  if (!whole && expr.kind == Kind::binary && (expr.text == "and" || expr.text == "unless")) {
    return split(*expr.args[0], parts);
  }
  if (!whole && expr.kind == Kind::binary && expr.text == "or") {
    split(*expr.args[0], parts);
    return split(*expr.args[1], parts);
  }
  if (whole) {
    parts.push_back({&expr, std::nullopt});
    return;
  }
  const auto &left = *expr.args[0], &right = *expr.args[1];
  if (const auto value = constant(right)) {
    parts.push_back({&left, Limit{expr.text, *value}});
  } else if (const auto mirror = constant(left)) {
    parts.push_back({&right, Limit{mirrored(expr.text), *mirror}});
  } else {
    parts.push_back({&left, std::nullopt});
    parts.push_back({&right, std::nullopt});
  }
}

// Where the color may change. Grafana's step begins at its value, so `> 0` begins a little above,
// or none killed would be red; beside a share such as 0.9 nobody sees the difference. An equality
// holds up to the next whole number.
std::set<double> borders_of(const std::vector<Limit>& limits) {
  std::set<double> borders;
  for (const auto& limit : limits) {
    const bool beyond = limit.op == ">" || limit.op == "<=";
    const bool whole = std::nearbyint(limit.value) == limit.value;
    const double little = beyond && whole ? std::max(std::abs(limit.value), 1.0) * 1e-9 : 0;
    borders.insert(limit.value + little);
    if (limit.op == "==" || limit.op == "!=") borders.insert(limit.value + 1);
  }
  return borders;
}

}  // namespace

std::string color_at(const std::vector<Limit>& limits, double x, const std::string& good) {
  std::string color = good;
  for (const auto& limit : limits) {
    if (!limit.holds(x)) continue;
    if (limit.critical) return "red";
    color = "orange";
  }
  return color;
}

bool Limit::holds(double x) const {
  if (op.front() == '>') return x > value;
  if (op.front() == '<') return x < value;
  const bool equal = x >= value && x < value + 1;
  return op == "==" ? equal : !equal;
}

std::vector<AlertPart> split_alert(const Expr& expr) {
  std::vector<AlertPart> parts;
  split(expr, parts);
  return parts;
}

std::vector<ColorStep> color_steps(const std::vector<Limit>& limits, const std::string& good) {
  const auto borders = borders_of(limits);
  std::vector<ColorStep> steps;
  const auto add = [&](std::optional<double> from, double inside) {
    auto color = color_at(limits, inside, good);
    if (steps.empty() || steps.back().color != color) steps.push_back({from, std::move(color)});
  };
  if (borders.empty()) {
    add(std::nullopt, 0);
    return steps;
  }
  add(std::nullopt, *borders.begin() - std::max(std::abs(*borders.begin()), 1.0));
  for (auto border = borders.begin(); border != borders.end(); ++border) {
    const auto next = std::next(border);
    add(*border, next == borders.end() ? *border + std::max(std::abs(*border), 1.0)
                                       : *border + (*next - *border) / 2);
  }
  return steps;
}

}  // namespace basewatch::catalog
