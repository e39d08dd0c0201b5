#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  bool is_on = false;  // on(...) as opposed to ignoring(...)
  bool given = false;
  std::vector<std::string> labels;
  std::vector<std::size_t> label_offsets;  // where each of `labels` stands
  enum class Card { one_to_one, group_left, group_right } card = Card::one_to_one;
  std::vector<std::string> include;
  std::vector<std::size_t> include_offsets;
};

enum class Kind {
  number,
  string,
  selector,
  matrix,
  subquery,
  call,
  aggregation,
  unary,
  binary,
  paren,
};

struct Expr {
  Kind kind = Kind::number;
  std::size_t begin = 0, end = 0;  // bytes of the expression's text

  double number = 0;               // number
  std::string text;                // string literal; metric name; function; aggregation; operator
  std::vector<Matcher> matchers;   // selector (without __name__, which is `text`)
  Duration range{}, step{};        // matrix, subquery
  std::optional<Duration> offset;  // `offset 5m` on selector, matrix, subquery
  bool at_modifier = false;        // @ ...
  enum class AtPoint { time, start, end } at_point = AtPoint::time;
  std::int64_t at_milliseconds = 0;  // @ <time>
  std::vector<ExprPtr> args;  // call; aggregation: [param,] operand; unary; binary: left, right;
                              // matrix, subquery, paren: the one inside
  Grouping grouping = Grouping::none;
  std::vector<std::string> grouping_labels;
  std::vector<std::size_t> grouping_offsets;  // where each of `grouping_labels` stands
  VectorMatching matching;                    // binary
  bool bool_modifier = false;                 // == bool
  std::size_t operator_offset = 0;            // binary: where the operator stands

  int depth = 1;  // levels of the tree from here down; bounded by the parser
};

// What the expression evaluates to. Only for trees that parse() returned.
ValueType value_type(const Expr& expr);

// The expression without the parentheses around it.
const Expr& unwrap(const Expr& expr);

// Whether both mean the same word by word: offsets and the order of matchers do not count.
bool same(const Expr& a, const Expr& b);

}  // namespace basewatch::promql
