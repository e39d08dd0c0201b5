#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"

// PromQL (Prometheus 2.42 without native histograms) as a tree. Offsets count bytes from the start
// of the expression, so that the compiler can point at the very word in the YAML file.
namespace basewatch::promql {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ValueType { scalar, string, instant_vector, range_vector };
std::string_view value_type_name(ValueType type);

enum class MatchOp { equal, not_equal, regex, not_regex };
struct Matcher {
  std::string label;
  MatchOp op = MatchOp::equal;
  std::string value;
  std::size_t offset = 0;
};

enum class Grouping { none, by, without };

struct VectorMatching {
  bool is_on = false;               // on(...) as opposed to ignoring(...)
  bool given = false;
  std::vector<std::string> labels;
  enum class Card { one_to_one, group_left, group_right } card = Card::one_to_one;
  std::vector<std::string> include;
};

enum class Kind {
  number, string, selector, matrix, subquery, call, aggregation, unary, binary, paren,
};

struct Expr {
  Kind kind = Kind::number;
  std::size_t begin = 0, end = 0;   // bytes of the expression's text

  double number = 0;                // number
  std::string text;                 // string literal; metric name; function; aggregation; operator
  std::vector<Matcher> matchers;    // selector (without __name__, which is `text`)
  Duration range{}, step{};         // matrix, subquery
  std::optional<Duration> offset;   // `offset 5m` on selector, matrix, subquery
  bool at_modifier = false;         // @ ...
  std::vector<ExprPtr> args;        // call; aggregation: [param,] operand; unary; binary: left, right;
                                    // matrix, subquery, paren: the one inside
  Grouping grouping = Grouping::none;
  std::vector<std::string> grouping_labels;
  VectorMatching matching;          // binary
  bool bool_modifier = false;       // == bool
};

}  // namespace basewatch::promql
