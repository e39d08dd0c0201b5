#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/analyst.h"
#include "catalog/compiler/promql/functions.h"

// Operations between vectors: whether their sides can match, and what comes out.
namespace basewatch::promql {

namespace {

using Card = VectorMatching::Card;

// Whether the label has to be the same on both sides.
bool takes_part(const VectorMatching& matching, const std::string& label) {
  if (!matching.given) return true;
  const bool listed = std::ranges::find(matching.labels, label) != matching.labels.end();
  return listed == matching.is_on;
}

std::string list(const std::set<std::string>& labels) {
  return join(labels, ", ");
}

// Labels that take part, that all series of one side have, and none of the other.
std::set<std::string> only_on(const Vector& side, const Vector& other,
                              const VectorMatching& matching) {
  std::set<std::string> only;
  for (const auto& label : side.labels.names) {
    if (takes_part(matching, label) && side.surely_has(label) && !other.may_have(label)) {
      only.insert(label);
    }
  }
  return only;
}

// Why no series of one side can match one of the other; empty where one can.
std::string mismatch(const Expr& expr, const Vector& left, const Vector& right) {
  const auto& matching = expr.matching;
  const auto left_only = only_on(left, right, matching);
  const auto right_only = only_on(right, left, matching);
  if (!left_only.empty() || !right_only.empty()) {
    std::vector<std::string> reasons;
    if (!left_only.empty()) {
      reasons.push_back(fmt::format("only the left side has {}", list(left_only)));
    }
    if (!right_only.empty()) {
      reasons.push_back(fmt::format("only the right side has {}", list(right_only)));
    }
    std::set<std::string> common;
    for (const auto& label : left.labels.names) {
      if (right.labels.names.contains(label)) common.insert(label);
    }
    return fmt::format("{}; {} {}", join(reasons, " and "),
                       matching.is_on ? "leave out what one side lacks, as in on"
                                      : "name the labels that both have, as in on",
                       fmt::format("({})", list(common)));
  }
  for (const auto& [label, value] : left.values) {
    const auto other = right.values.find(label);
    if (other == right.values.end() || other->second == value) continue;
    if (!takes_part(matching, label)) continue;
    return fmt::format(
        "{} is \"{}\" on the left and \"{}\" on the right; write ignoring ({}) or on "
        "() with the other labels",
        label, printable(value), printable(other->second), label);
  }
  return {};
}

// Labels of `side` that do not take part although series of `side` are known to differ in them:
// buckets differ in le, and nobody sums away what has one value only.
std::set<std::string> varying(const Vector& side, const Vector& other, const Expr& expr) {
  std::set<std::string> result;
  const auto& include = expr.matching.include;
  for (const auto& label : side.labels.names) {
    if (takes_part(expr.matching, label) || side.labels.pinned.contains(label)) continue;
    if (std::ranges::find(include, label) != include.end()) continue;
    const bool summed = other.summed.contains({"", label}) ||
                        (!side.metric.empty() && other.summed.contains({side.metric, label}));
    if (summed || (side.buckets && label == "le")) result.insert(label);
  }
  return result;
}

}  // namespace

void Analyst::check_matching_labels(const Expr& expr, const Vector& left, const Vector& right) {
  const auto& matching = expr.matching;
  for (std::size_t i = 0; i < matching.labels.size(); ++i) {
    if (left.may_have(matching.labels[i]) || right.may_have(matching.labels[i])) continue;
    find(matching.label_offsets[i], "unknown-label",
         fmt::format("neither side has the label {}", matching.labels[i]));
  }
  if (matching.card == Card::one_to_one) return;
  const auto& one = matching.card == Card::group_left ? right : left;
  for (std::size_t i = 0; i < matching.include.size(); ++i) {
    require_label(one, matching.include[i], matching.include_offsets[i]);
  }
}

void Analyst::check_many(const Expr& expr, const Vector& left, const Vector& right) {
  const auto card = expr.matching.card;
  const auto left_many = varying(left, right, expr), right_many = varying(right, left, expr);
  std::string message;
  if (card == Card::group_left || card == Card::group_right) {
    const auto& many = card == Card::group_left ? right_many : left_many;
    if (many.empty()) return;
    message = fmt::format(
        "group_{} wants one series on the {} side, which has several that differ "
        "in {}; aggregate them away, or swap the sides",
        card == Card::group_left ? "left" : "right", card == Card::group_left ? "right" : "left",
        list(many));
  } else if (!left_many.empty() && !right_many.empty()) {
    message = fmt::format(
        "both sides have several series for one match: the left differs in {}, "
        "the right in {}; aggregate one of them",
        list(left_many), list(right_many));
  } else if (!left_many.empty()) {
    message = fmt::format(
        "the left side has several series for one of the right, which differ in "
        "{}; write group_left",
        list(left_many));
  } else if (!right_many.empty()) {
    message = fmt::format(
        "the right side has several series for one of the left, which differ in "
        "{}; write group_right",
        list(right_many));
  } else {
    return;
  }
  find(expr.operator_offset, "many-to-one", std::move(message));
}

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
  if (left.metric != right.metric) result.raw = false;
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
  if (left.metric != right.metric) result.raw = false;
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
  if (expr.text == "and") agree(result, right, expr.matching);
  result.always_returns = false;
  return result;
}

}  // namespace basewatch::promql
