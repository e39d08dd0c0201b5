#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/literals.h"
#include "catalog/compiler/promql/parser.h"

namespace basewatch::promql {

namespace {

void write(const Expr& expr, std::string& out);

// Whether the lexer reads the name as that of a metric again.
bool is_bare_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower == "inf" || lower == "nan") return false;
  return is_metric_name(name) && (!is_keyword(lower) || may_name_metric(lower));
}

std::string matcher_text(const Matcher& matcher) {
  constexpr std::string_view kOperators[] = {"=", "!=", "=~", "!~"};
  return fmt::format("{}{}{}", matcher.label, kOperators[static_cast<std::size_t>(matcher.op)],
                     quote(matcher.value));
}

void write_shift(const Expr& expr, std::string& out) {
  if (expr.at_modifier) {
    switch (expr.at_point) {
      case Expr::AtPoint::start:
        out += " @ start()";
        break;
      case Expr::AtPoint::end:
        out += " @ end()";
        break;
      case Expr::AtPoint::time: {
        const auto span = expr.at_milliseconds;
        const auto size = span < 0 ? -span : span;
        out += fmt::format(" @ {}{}.{:03}", span < 0 ? "-" : "", size / 1000, size % 1000);
      }
    }
  }
  if (expr.offset) {
    const bool negative = *expr.offset < Duration::zero();
    out += fmt::format(" offset {}{}", negative ? "-" : "",
                       format_span(negative ? -*expr.offset : *expr.offset));
  }
}

void write_selector(const Expr& expr, std::string& out) {
  std::vector<std::string> matchers;
  for (const auto& matcher : expr.matchers) matchers.push_back(matcher_text(matcher));
  if (is_bare_name(expr.text)) {
    out += expr.text;
  } else if (!expr.text.empty()) {
    matchers.push_back("__name__=" + quote(expr.text));
  }
  std::ranges::sort(matchers);
  if (!matchers.empty()) out += fmt::format("{{{}}}", join(matchers, ","));
  write_shift(expr, out);
}

void write_arguments(const Expr& expr, std::string& out) {
  out += '(';
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) out += ", ";
    write(*expr.args[i], out);
  }
  out += ')';
}

void write_aggregation(const Expr& expr, std::string& out) {
  out += expr.text;
  if (expr.grouping != Grouping::none) {
    out += fmt::format(" {} ({}) ", expr.grouping == Grouping::by ? "by" : "without",
                       join(expr.grouping_labels, ", "));
  }
  write_arguments(expr, out);
}

void write_binary(const Expr& expr, std::string& out) {
  write(*expr.args[0], out);
  out += fmt::format(" {}{}", expr.text, expr.bool_modifier ? " bool" : "");
  const auto& matching = expr.matching;
  if (matching.given) {
    out += fmt::format(" {} ({})", matching.is_on ? "on" : "ignoring", join(matching.labels, ", "));
  }
  if (matching.card != VectorMatching::Card::one_to_one) {
    out += fmt::format(" group_{} ({})",
                       matching.card == VectorMatching::Card::group_left ? "left" : "right",
                       join(matching.include, ", "));
  }
  out += ' ';
  write(*expr.args[1], out);
}

void write(const Expr& expr, std::string& out) {
  switch (expr.kind) {
    case Kind::number:
      out += format_number(expr.number);
      break;
    case Kind::string:
      out += quote(expr.text);
      break;
    case Kind::selector:
      write_selector(expr, out);
      break;
    case Kind::matrix:
      write(*expr.args[0], out);
      out += fmt::format("[{}]", format_span(expr.range));
      write_shift(expr, out);
      break;
    case Kind::subquery:
      write(*expr.args[0], out);
      out += fmt::format("[{}:{}]", format_span(expr.range),
                         expr.step > Duration::zero() ? format_span(expr.step) : "");
      write_shift(expr, out);
      break;
    case Kind::call:
      out += expr.text;
      write_arguments(expr, out);
      break;
    case Kind::aggregation:
      write_aggregation(expr, out);
      break;
    case Kind::unary:
      out += expr.text;
      write(*expr.args[0], out);
      break;
    case Kind::binary:
      write_binary(expr, out);
      break;
    case Kind::paren:
      out += '(';
      write(*expr.args[0], out);
      out += ')';
      break;
  }
}

}  // namespace

std::string print(const Expr& expr) {
  std::string out;
  write(expr, out);
  return out;
}

}  // namespace basewatch::promql
