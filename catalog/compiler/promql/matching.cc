#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/analyst.h"
#include "catalog/compiler/promql/matching.h"

// Whether the sides of an operation between vectors can match.
namespace basewatch::promql {

bool takes_part(const VectorMatching& matching, const std::string& label) {
  if (!matching.given) return true;
  const bool listed = std::ranges::find(matching.labels, label) != matching.labels.end();
  return listed == matching.is_on;
}

namespace {

using Card = VectorMatching::Card;

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

std::string advice(const VectorMatching& matching, const Vector& left, const Vector& right) {
  std::set<std::string> common;
  for (const auto& label : left.labels.names) {
    if (takes_part(matching, label) && right.labels.names.contains(label)) common.insert(label);
  }
  if (!common.empty()) return fmt::format("match on what both have, as in on ({})", list(common));
  if (right.labels.names.empty()) return "write on () group_left ()";
  if (left.labels.names.empty()) return "write on () group_right ()";
  return "match on labels that both sides have";
}

}  // namespace

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
    return fmt::format("{}; {}", join(reasons, " and "), advice(matching, left, right));
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

namespace {

// One of them usually tells the others, so that dropping one says nothing about how many there are.
bool is_identity(const std::string& label) {
  return label == "job" || label == "instance" || label == "node";
}

// Labels of `side` that do not take part although its series are known to differ in them: buckets
// differ in le, and what the other side has summed away of the same series has several values. No
// guesses: datid and datname are two labels, and yet one of them is enough to match.
std::set<std::string> varying(const Vector& side, const Vector& other, const Expr& expr) {
  std::set<std::string> result;
  const auto& include = expr.matching.include;
  for (const auto& label : side.labels.names) {
    if (takes_part(expr.matching, label) || side.labels.pinned.contains(label)) continue;
    if (std::ranges::find(include, label) != include.end()) continue;
    const bool summed = !side.source.empty() && other.summed.contains({side.source, label}) &&
                        (!side.is_sum || other.is_sum) && !is_identity(label);
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

}  // namespace basewatch::promql
