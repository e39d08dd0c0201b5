#include <fmt/format.h>

#include <string>
#include <vector>

#include "catalog/compiler/promql/analyst.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/matching.h"

// What comes out of an operation between two values.
namespace basewatch::promql {

namespace {

using Card = VectorMatching::Card;

}  // namespace

Vector Analyst::binary(const Expr& expr) {
  auto left = visit(*expr.args[0]);
  auto right = visit(*expr.args[1]);
  const bool vectors[] = {left.type == ValueType::instant_vector,
                          right.type == ValueType::instant_vector};
  if (vectors[0] && vectors[1]) {
    check_matching_labels(expr, left, right);
    return is_set_operator(expr.text) ? set_operation(expr, left, right)
                                      : vector_operation(expr, left, right);
  }
  auto& vector = vectors[0] ? left : right;  // the only one there is
  if (!vectors[0] && !vectors[1]) return vector;
  const bool filter = is_comparison(expr.text) && !expr.bool_modifier;
  if (filter) {
    vector.always_returns = false;
    vector.source.clear();
  } else {
    vector.nature = Nature::unknown;
  }
  return vector;
}

namespace {

// The labels of a match in which both sides agree: what one side knows holds for the other.
void agree(Vector& vector, const Vector& other, const VectorMatching& matching) {
  std::vector<std::string> gone;
  for (const auto& label : vector.labels.names) {
    if (!takes_part(matching, label)) continue;
    if (!other.may_have(label)) gone.push_back(label);
  }
  for (const auto& label : gone) vector.drop(label);
  for (const auto& label : other.labels.names) {
    if (!takes_part(matching, label) || !vector.may_have(label)) continue;
    const bool pinned = vector.labels.pinned.contains(label) || other.labels.pinned.contains(label);
    vector.labels.names.insert(label);
    if (other.surely_has(label)) vector.labels.maybe.erase(label);
    if (pinned) vector.labels.pinned.insert(label);
    if (const auto value = other.values.find(label); value != other.values.end()) {
      vector.values.insert(*value);
    }
  }
}

void copy_label(const std::string& label, const Vector& from, Vector& to) {
  to.drop(label);
  if (!from.may_have(label)) return;
  to.add(label, from.surely_has(label));
  if (from.labels.pinned.contains(label)) to.labels.pinned.insert(label);
  if (const auto value = from.values.find(label); value != from.values.end()) {
    to.values.insert(*value);
  }
}

// on (...) leaves its own labels only.
void keep_on(Vector& vector, const VectorMatching& matching) {
  const auto before = vector;
  vector.labels = {};
  vector.values.clear();
  for (const auto& label : matching.labels) copy_label(label, before, vector);
}

// What comes of two sides is the series of neither.
void forget_origin(Vector& result, const Vector& left, const Vector& right) {
  result.source.clear();
  if (left.metric == right.metric) return;
  result.metric.clear();
  result.raw = false;
}

}  // namespace

Vector Analyst::vector_operation(const Expr& expr, const Vector& left, const Vector& right) {
  const auto& matching = expr.matching;
  if (const auto reason = mismatch(expr, left, right); !reason.empty()) {
    find(expr.operator_offset, "vector-matching",
         fmt::format("the two sides of {} never match, so that the result is always empty: {}",
                     expr.text, reason));
  } else {
    check_many(expr, left, right);
  }
  const auto& one = matching.card == Card::group_right ? left : right;
  auto result = matching.card == Card::group_right ? right : left;
  agree(result, one, matching);
  if (matching.card == Card::one_to_one && matching.is_on) {
    keep_on(result, matching);
  } else if (matching.card == Card::one_to_one) {
    for (const auto& label : matching.labels) result.drop(label);
    // The sides have the same labels: one that nobody may add to closes the other.
    result.labels.open = left.labels.open && right.labels.open;
  } else {
    for (const auto& label : matching.include) copy_label(label, one, result);
  }
  const bool filter = is_comparison(expr.text) && !expr.bool_modifier;
  result.always_returns = !filter && left.always_returns && right.always_returns;
  if (!filter) result.nature = Nature::unknown;
  forget_origin(result, left, right);
  result.buckets = result.buckets && result.labels.names.contains("le");
  return result;
}

namespace {

// Either of the two: a label that not all series of both have is missing from some.
Vector merge(const Vector& left, const Vector& right) {
  Vector result = left;
  for (const auto& label : right.labels.names) {
    if (!left.labels.names.contains(label)) result.add(label, false);
  }
  for (const auto& label : left.labels.names) {
    if (!right.surely_has(label)) result.labels.maybe.insert(label);
    const auto ours = left.values.find(label), theirs = right.values.find(label);
    const bool same =
        ours != left.values.end() && theirs != right.values.end() && ours->second == theirs->second;
    if (!same) {
      result.labels.pinned.erase(label);
      result.values.erase(label);
    }
  }
  result.labels.open = left.labels.open || right.labels.open;
  if (left.nature != right.nature) result.nature = Nature::unknown;
  forget_origin(result, left, right);
  result.buckets = left.buckets && right.buckets;
  result.always_returns = left.always_returns || right.always_returns;
  return result;
}

}  // namespace

Vector Analyst::set_operation(const Expr& expr, const Vector& left, const Vector& right) {
  const auto reason = mismatch(expr, left, right);
  if (expr.text == "or") {
    // A union of different series is as good as any. What is wrong is a default value that never
    // takes the place of anything, because it stands beside it.
    const bool constant = right.always_returns && right.labels.names.empty() && !right.labels.open;
    if (constant && !reason.empty()) {
      find(expr.operator_offset, "set-matching",
           "the right side has no labels, so that it is added to the left side and never takes its "
           "place; write or on ()");
    }
    return merge(left, right);
  }
  if (!reason.empty()) {
    find(expr.operator_offset, "set-matching",
         fmt::format("the two sides of {} never match, so that the result is always {}: {}",
                     expr.text, expr.text == "and" ? "empty" : "the left side", reason));
  }
  auto result = left;
  result.source.clear();
  if (expr.text == "and") agree(result, right, expr.matching);
  result.always_returns = false;
  return result;
}

}  // namespace basewatch::promql
