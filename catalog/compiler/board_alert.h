#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/compiler/promql/ast.h"

namespace basewatch::catalog {

// From where on a value is bad: `op value`.
struct Limit {
  std::string op;  // > >= < <= == !=
  double value = 0;
  bool critical = false;
  bool operator==(const Limit&) const = default;

  bool holds(double x) const;
};

// What an alert compares, taken apart for drawing.
struct AlertPart {
  const promql::Expr* drawn = nullptr;  // within the expression given to split_alert
  std::optional<Limit> limit;           // nothing where it is compared with another series
};

// `a > 1 and b` is drawn as a with a limit of 1, `a > b` as both, what compares nothing as a whole.
// Never empty.
std::vector<AlertPart> split_alert(const promql::Expr& expr);

// A color from a value on; the first stands for everything below.
struct ColorStep {
  std::optional<double> from;
  std::string color;
  bool operator==(const ColorStep&) const = default;
};

// That of the worst limit which the value passes, or `good`.
std::string color_at(const std::vector<Limit>& limits, double x, const std::string& good);

// Steps that show every value in its color. An equality colors the whole numbers: == 0 is from 0 to
// below 1.
std::vector<ColorStep> color_steps(const std::vector<Limit>& limits, const std::string& good);

}  // namespace basewatch::catalog
