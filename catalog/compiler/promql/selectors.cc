#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/grammar.h"
#include "catalog/compiler/promql/literals.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/promql/regex.h"

// What selects series, and what shifts them in time: {...}, [...], offset, @.
namespace basewatch::promql {

namespace {

constexpr std::string_view kNameLabel = "__name__";

bool matches_empty(const Matcher& matcher) {
  switch (matcher.op) {
    case MatchOp::equal:
      return matcher.value.empty();
    case MatchOp::not_equal:
      return !matcher.value.empty();
    case MatchOp::regex:
      return full_match(matcher.value, "");
    case MatchOp::not_regex:
      return !full_match(matcher.value, "");
  }
  return true;
}

// {__name__="x"} is x. Where the name is matched otherwise, it stays a matcher.
void take_name(Expr& expr) {
  const auto is_name = [](const Matcher& matcher) { return matcher.label == kNameLabel; };
  const auto named = std::ranges::find_if(expr.matchers, is_name);
  if (named == expr.matchers.end() || named->op != MatchOp::equal || named->value.empty()) return;
  if (std::ranges::count_if(expr.matchers, is_name) > 1) return;
  expr.text = named->value;
  expr.matchers.erase(named);
}

}  // namespace

ExprPtr Grammar::selector(const Token* name) {
  auto expr = start(Kind::selector, name ? name->begin : current_.begin);
  if (name) expr->text = name->text;
  if (accept("{")) {
    while (!current_.is("}")) {
      expr->matchers.push_back(matcher());
      if (!accept(",") && !current_.is("}")) fail("a comma or }");
    }
    advance();
  }
  expr->end = end_;
  if (name) {
    for (const auto& matcher : expr->matchers) {
      if (matcher.label != kNameLabel) continue;
      throw SyntaxError(matcher.offset, fmt::format("the metric's name is already given as {}; "
                                                    "leave __name__ away",
                                                    printable(name->text, 60)));
    }
    return expr;
  }
  if (std::ranges::all_of(expr->matchers, matches_empty)) {
    throw SyntaxError(expr->begin,
                      "the selector takes every series; expected a metric's name or a "
                      "matcher that does not match an empty label");
  }
  take_name(*expr);
  return expr;
}

Matcher Grammar::matcher() {
  if (current_.type != Token::Type::word) fail("a label or }");
  Matcher matcher;
  matcher.offset = current_.begin;
  matcher.label = advance().text;
  const auto op = current_;
  if (accept("=")) {
    matcher.op = MatchOp::equal;
  } else if (accept("!=")) {
    matcher.op = MatchOp::not_equal;
  } else if (accept("=~")) {
    matcher.op = MatchOp::regex;
  } else if (accept("!~")) {
    matcher.op = MatchOp::not_regex;
  } else {
    fail("=, !=, =~ or !~");
  }
  if (current_.type != Token::Type::string) fail("a string in quotes");
  auto value = advance();
  matcher.value = std::move(value.value);
  if (matcher.op == MatchOp::regex || matcher.op == MatchOp::not_regex) {
    if (const auto error = regex_error(matcher.value); !error.empty()) {
      throw SyntaxError(value.begin, fmt::format("{} is no regular expression: {}",
                                                 printable(value.text, 60), printable(error)));
    }
  }
  return matcher;
}

Duration Grammar::duration(std::string_view expected) {
  if (current_.type == Token::Type::number) {
    throw SyntaxError(current_.begin,
                      fmt::format("the duration {} has no unit; write for example {}s",
                                  printable(current_.text, 30), printable(current_.text, 30)));
  }
  if (current_.type != Token::Type::duration) fail(expected);
  const auto token = advance();
  const auto span = parse_duration(token.text).value_or(Duration::zero());
  if (span == Duration::zero()) {
    throw SyntaxError(token.begin, "the duration has to be greater than 0");
  }
  return span;
}

ExprPtr Grammar::bracket(ExprPtr operand) {
  const auto open = advance();
  const auto range = duration("a duration like 5m");
  const bool subquery = current_.is(":");
  auto expr = start(subquery ? Kind::subquery : Kind::matrix, operand->begin);
  expr->range = range;
  if (subquery) {
    advance();
    if (!current_.is("]")) expr->step = duration("a duration like 1m or ]");
    expect("]", "]");
  } else {
    expect("]", "] or : and a step");
    if (operand->kind != Kind::selector) {
      throw SyntaxError(open.begin,
                        "a range stands directly behind a metric and its braces; for "
                        "the history of an expression write a subquery like [5m:1m]");
    }
    if (operand->offset || operand->at_modifier) {
      throw SyntaxError(open.begin, "the range stands before offset and @, not behind them");
    }
  }
  adopt(*expr, std::move(operand));
  expr->end = end_;
  return expr;
}

namespace {

bool shiftable(const Expr& expr) {
  return expr.kind == Kind::selector || expr.kind == Kind::matrix || expr.kind == Kind::subquery;
}

}  // namespace

void Grammar::offset(Expr& operand) {
  const auto keyword = advance();
  const bool negative = accept("-");
  const auto span = duration("a duration like 5m");
  if (!shiftable(operand)) {
    throw SyntaxError(keyword.begin,
                      "offset stands directly behind a metric, a range or a "
                      "subquery, not behind an expression");
  }
  if (operand.offset) throw SyntaxError(keyword.begin, "offset is given twice");
  operand.offset = negative ? -span : span;
  operand.end = end_;
}

void Grammar::at(Expr& operand) {
  const auto sign = advance();
  auto point = Expr::AtPoint::time;
  std::int64_t milliseconds = 0;
  if (current_.is_keyword("start") || current_.is_keyword("end")) {
    point = advance().value == "start" ? Expr::AtPoint::start : Expr::AtPoint::end;
    expect("(", "()");
    expect(")", ")");
  } else {
    const bool negative = accept("-");
    if (!negative) accept("+");
    if (current_.type != Token::Type::number) fail("a Unix time in seconds, start() or end()");
    const auto time = advance();
    const double value = parse_number(time.text).value_or(0) * 1000;
    // Up to here a double holds every millisecond.
    if (!(std::abs(value) <= 9007199254740992.0)) {
      throw SyntaxError(time.begin, "the time behind @ is out of bounds");
    }
    milliseconds = std::llround(negative ? -value : value);
  }
  if (!shiftable(operand)) {
    throw SyntaxError(sign.begin,
                      "@ stands directly behind a metric, a range or a subquery, not "
                      "behind an expression");
  }
  if (operand.at_modifier) throw SyntaxError(sign.begin, "@ is given twice");
  operand.at_modifier = true;
  operand.at_point = point;
  operand.at_milliseconds = milliseconds;
  operand.end = end_;
}

}  // namespace basewatch::promql
