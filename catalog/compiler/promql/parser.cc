#include "catalog/compiler/promql/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/check.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/grammar.h"
#include "catalog/compiler/promql/literals.h"

namespace basewatch::promql {

namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;
constexpr int kMaxNesting = 200;  // how deep the grammar calls itself
constexpr int kMaxDepth = 1000;   // of the tree; a chain of operators grows it without nesting

}  // namespace

ExprPtr parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    throw SyntaxError(kMaxBytes,
                      fmt::format("the expression is longer than {} bytes; split it into recording "
                                  "rules",
                                  kMaxBytes));
  }
  auto expr = Grammar(text).whole();
  check_types(*expr);
  return expr;
}

ExprPtr Grammar::whole() {
  if (current_.type == Token::Type::end) {
    throw SyntaxError(current_.begin,
                      "the expression is empty; expected a metric, a function, a "
                      "number or (");
  }
  auto expr = binary(1);
  if (current_.type != Token::Type::end) fail("an operator or the end of the expression");
  return expr;
}

void Grammar::fail(const Token& token, std::string_view expected) {
  const std::string found =
      token.type == Token::Type::end ? "end of the expression" : printable(token.text, 60);
  throw SyntaxError(token.begin, fmt::format("unexpected {}; expected {}", found, expected));
}

Token Grammar::advance() {
  Token token = std::move(current_);
  end_ = token.end;
  current_ = lexer_.next();
  return token;
}

bool Grammar::accept(std::string_view symbol) {
  if (!current_.is(symbol)) return false;
  advance();
  return true;
}

bool Grammar::accept_keyword(std::string_view name) {
  if (!current_.is_keyword(name)) return false;
  advance();
  return true;
}

void Grammar::expect(std::string_view symbol, std::string_view expected) {
  if (!accept(symbol)) fail(expected);
}

ExprPtr Grammar::start(Kind kind, std::size_t begin) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->begin = begin;
  return expr;
}

void Grammar::adopt(Expr& expr, ExprPtr child) {
  expr.depth = std::max(expr.depth, child->depth + 1);
  if (expr.depth > kMaxDepth) {
    throw SyntaxError(child->end,
                      fmt::format("the expression has more than {} levels of operators; "
                                  "split it into recording rules",
                                  kMaxDepth));
  }
  expr.args.push_back(std::move(child));
}

ExprPtr Grammar::binary(int minimum) {
  if (++nesting_ > kMaxNesting) {
    throw SyntaxError(current_.begin,
                      fmt::format("the expression is nested deeper than {} levels; split it into "
                                  "recording rules",
                                  kMaxNesting));
  }
  auto left = unary();
  while (current_.type == Token::Type::symbol || current_.keyword) {
    const std::string op = current_.keyword ? current_.value : std::string(current_.text);
    const int binds = precedence(op);
    if (binds == 0 || binds < minimum) break;
    auto expr = start(Kind::binary, left->begin);
    expr->text = op;
    expr->operator_offset = advance().begin;
    modifiers(*expr);
    adopt(*expr, std::move(left));
    // Only the power is right-associative.
    adopt(*expr, binary(binds == kPowerPrecedence ? binds : binds + 1));
    expr->end = end_;
    left = std::move(expr);
  }
  --nesting_;
  return left;
}

void Grammar::modifiers(Expr& expr) {
  expr.bool_modifier = accept_keyword("bool");
  auto& matching = expr.matching;
  if (!current_.is_keyword("on") && !current_.is_keyword("ignoring")) {
    if (current_.is_keyword("group_left") || current_.is_keyword("group_right")) {
      fail("on (...) or ignoring (...) before it");
    }
    return;
  }
  matching.given = true;
  matching.is_on = advance().value == "on";
  labels(matching.labels, matching.label_offsets);
  if (!current_.is_keyword("group_left") && !current_.is_keyword("group_right")) return;
  matching.card = advance().value == "group_left" ? VectorMatching::Card::group_left
                                                  : VectorMatching::Card::group_right;
  if (current_.is("(")) labels(matching.include, matching.include_offsets);
}

ExprPtr Grammar::unary() {
  if (!current_.is("+") && !current_.is("-")) return postfix();
  const auto sign = advance();
  // Weaker than a power: -2 ^ 2 is -(2 ^ 2).
  auto operand = binary(kPowerPrecedence);
  if (operand->kind == Kind::number) {
    if (sign.text == "-") operand->number = -operand->number;
    operand->begin = sign.begin;
    return operand;
  }
  auto expr = start(Kind::unary, sign.begin);
  expr->text = sign.text;
  expr->end = operand->end;
  adopt(*expr, std::move(operand));
  return expr;
}

ExprPtr Grammar::postfix() {
  auto expr = primary();
  while (true) {
    if (current_.is("[")) {
      expr = bracket(std::move(expr));
    } else if (current_.is_keyword("offset")) {
      offset(*expr);
    } else if (current_.is("@")) {
      at(*expr);
    } else {
      return expr;
    }
  }
}

ExprPtr Grammar::primary() {
  if (current_.type == Token::Type::number || current_.type == Token::Type::string) {
    return literal();
  }
  if (current_.type == Token::Type::word) return word();
  if (current_.type == Token::Type::duration) {
    fail("a number of seconds: durations stand only in [] and after offset");
  }
  if (current_.is("{")) return selector(nullptr);
  if (!current_.is("(")) fail("a metric, a function, a number or (");
  auto expr = start(Kind::paren, advance().begin);
  adopt(*expr, binary(1));
  expect(")", "an operator or )");
  expr->end = end_;
  return expr;
}

ExprPtr Grammar::literal() {
  const bool number = current_.type == Token::Type::number;
  auto expr = start(number ? Kind::number : Kind::string, current_.begin);
  auto token = advance();
  if (number) {
    expr->number = parse_number(token.text).value_or(0);  // the lexer refuses what is no number
  } else {
    expr->text = std::move(token.value);
  }
  expr->end = end_;
  return expr;
}

ExprPtr Grammar::word() {
  const auto name = advance();
  if (!name.keyword) {
    if (current_.is("(") && is_label_name(name.text)) return call(name);
    return selector(&name);
  }
  if (is_aggregation(name.value) &&
      (current_.is("(") || current_.is_keyword("by") || current_.is_keyword("without"))) {
    return aggregation(name);
  }
  if (!may_name_metric(name.value)) fail(name, "a metric, a function, a number or (");
  return selector(&name);
}

ExprPtr Grammar::call(const Token& name) {
  if (is_native_histogram_function(name.text)) {
    throw SyntaxError(name.begin, fmt::format("{}() needs native histograms, which are not "
                                              "supported; use the _count and _sum series",
                                              name.text));
  }
  if (!find_function(name.text)) {
    const auto near = nearest_function(name.text);
    throw SyntaxError(name.begin,
                      fmt::format("unknown function {}(){}", printable(name.text, 60),
                                  near.empty() ? "" : fmt::format("; did you mean {}()?", near)));
  }
  auto expr = start(Kind::call, name.begin);
  expr->text = name.text;
  arguments(*expr);
  return expr;
}

ExprPtr Grammar::aggregation(const Token& name) {
  auto expr = start(Kind::aggregation, name.begin);
  expr->text = name.value;
  const bool before = grouping(*expr);
  if (!current_.is("(")) fail("( and what to aggregate");
  arguments(*expr);
  if (!before) grouping(*expr);
  expr->end = end_;
  return expr;
}

bool Grammar::grouping(Expr& expr) {
  const bool by = current_.is_keyword("by");
  if (!by && !current_.is_keyword("without")) return false;
  advance();
  labels(expr.grouping_labels, expr.grouping_offsets);
  // by () is the same as nothing at all; without () is not.
  expr.grouping = !by                            ? Grouping::without
                  : expr.grouping_labels.empty() ? Grouping::none
                                                 : Grouping::by;
  return true;
}

void Grammar::arguments(Expr& expr) {
  expect("(", "(");
  if (!current_.is(")")) {
    do {
      if (current_.is(")")) fail("another argument: there is no comma after the last one");
      adopt(expr, binary(1));
    } while (accept(","));
  }
  expect(")", "an operator, a comma or )");
  expr.end = end_;
}

void Grammar::labels(std::vector<std::string>& names, std::vector<std::size_t>& offsets) {
  expect("(", "( and a list of labels");
  while (!current_.is(")")) {
    // Prometheus takes every keyword for a label here, but not `without`.
    if (current_.type != Token::Type::word || current_.is_keyword("without") ||
        !is_label_name(current_.text)) {
      fail("a label");
    }
    offsets.push_back(current_.begin);
    names.emplace_back(advance().text);
    if (!accept(",") && !current_.is(")")) fail("a comma or )");
  }
  advance();
}

}  // namespace basewatch::promql
