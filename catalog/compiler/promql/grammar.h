#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/promql/ast.h"
#include "catalog/compiler/promql/lexer.h"

namespace basewatch::promql {

// The grammar of PromQL: recursive descent with one token of lookahead, precedence climbing for the
// operators. One object parses one text, which outlives it; every method throws SyntaxError. Types
// are not checked here. parser.cc has the expressions, selectors.cc what selects and shifts series.
class Grammar {
 public:
  explicit Grammar(std::string_view text) : lexer_(text) { current_ = lexer_.next(); }

  ExprPtr whole();

 private:
  [[noreturn]] static void fail(const Token& token, std::string_view expected);
  [[noreturn]] void fail(std::string_view expected) const { fail(current_, expected); }
  Token advance();
  bool accept(std::string_view symbol);
  bool accept_keyword(std::string_view name);
  void expect(std::string_view symbol, std::string_view expected);
  static ExprPtr start(Kind kind, std::size_t begin);
  static void adopt(Expr& expr, ExprPtr child);  // as its last argument

  // An operation whose operators bind at least as strong as `minimum`.
  ExprPtr binary(int minimum);
  void modifiers(Expr& expr);
  ExprPtr unary();
  ExprPtr postfix();
  ExprPtr primary();
  ExprPtr literal();
  ExprPtr word();
  ExprPtr call(const Token& name);
  ExprPtr aggregation(const Token& name);
  bool grouping(Expr& expr);
  void arguments(Expr& expr);
  void labels(std::vector<std::string>& names, std::vector<std::size_t>& offsets);

  // `name` is the metric's name, already taken; null for a selector that is only braces.
  ExprPtr selector(const Token* name);
  Matcher matcher();
  ExprPtr bracket(ExprPtr operand);
  void offset(Expr& operand);
  void at(Expr& operand);
  Duration duration(std::string_view expected);

  Lexer lexer_;
  Token current_;
  std::size_t end_ = 0;  // of the token taken last
  int nesting_ = 0;
};

}  // namespace basewatch::promql
