#include "catalog/compiler/inline_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

struct Replacement {
  std::size_t begin = 0, end = 0;
  std::string text;
};

void collect(const Program& program, const promql::Expr& expr, std::vector<Replacement>& out) {
  const bool matrix = expr.kind == promql::Kind::matrix;
  const auto& selector = matrix ? *expr.args.at(0) : expr;
  if (selector.kind != promql::Kind::selector) {
    for (const auto& arg : expr.args) collect(program, *arg, out);
    return;
  }
  const auto* recorded = program.recorded(selector.text);
  const bool plain = selector.matchers.empty() && !selector.offset && !selector.at_modifier &&
                     !expr.offset && !expr.at_modifier;
  if (!recorded || !plain) return;
  const auto& below = program.of(*recorded->rule);
  if (!below.tree) return;
  auto text = fmt::format("({})", inline_rules(program, below));
  if (matrix) {
    // As often as the rule would have been evaluated, but over a day not more than every minute.
    const auto step =
        expr.range > std::chrono::hours(24)
            ? std::max<Duration>(program.site().evaluation_interval, std::chrono::minutes(1))
            : program.site().evaluation_interval;
    text += fmt::format("[{}:{}]", format_duration(expr.range), format_duration(step));
  }
  out.push_back({expr.begin, expr.end, std::move(text)});
}

}  // namespace

std::string inline_rules(const Program& program, const Expression& expression) {
  auto text = expression.text().value;
  if (!expression.tree) return text;
  std::vector<Replacement> replacements;
  collect(program, *expression.tree, replacements);
  std::ranges::sort(replacements, std::ranges::greater{}, &Replacement::begin);
  for (const auto& each : replacements) {
    text.replace(each.begin, each.end - each.begin, each.text);
  }
  return std::string(trim(text));
}

}  // namespace basewatch::catalog
