#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "catalog/compiler/promql/ast.h"

namespace basewatch::promql {

// what() is one sentence: what is wrong and what was expected; offset() where in the text.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(std::size_t offset, const std::string& message)
      : std::runtime_error(message), offset_(offset) {}
  std::size_t offset() const { return offset_; }

 private:
  std::size_t offset_;
};

// Parses one expression whole, checks argument counts and value types as Prometheus does.
ExprPtr parse(std::string_view text);

// The expression in one line as Prometheus' own printer would write it.
std::string print(const Expr& expr);

}  // namespace basewatch::promql
