#include "catalog/compiler/promql/analyst.h"

#include <fmt/format.h>

#include <vector>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/promql/regex.h"

namespace basewatch::promql {

Analysis analyse(const Expr& expr, const Resolver& resolve, const NearestName& nearest_name) {
  Analyst analyst(resolve, nearest_name);
  const auto result = analyst.visit(expr);
  auto analysis = analyst.take();
  analysis.type = result.type;
  analysis.labels = result.labels;
  analysis.always_returns = result.always_returns;
  return analysis;
}

void Vector::drop(const std::string& label) {
  labels.names.erase(label);
  labels.pinned.erase(label);
  labels.maybe.erase(label);
  values.erase(label);
}

void Vector::add(const std::string& label, bool sure) {
  drop(label);
  labels.names.insert(label);
  if (!sure) labels.maybe.insert(label);
}

void Vector::pin(const std::string& label, const std::string& value) {
  add(label, true);
  labels.pinned.insert(label);
  values[label] = value;
}

void Analyst::find(std::size_t offset, std::string_view code, std::string message) {
  analysis_.findings.push_back({offset, std::string(code), std::move(message)});
}

void Analyst::require_label(const Vector& vector, const std::string& label, std::size_t offset) {
  if (vector.may_have(label) || label == "__name__") return;
  const std::vector<std::string_view> known(vector.labels.names.begin(), vector.labels.names.end());
  const auto near = nearest(label, known);
  std::string advice;
  if (!near.empty()) {
    advice = fmt::format("; did you mean {}?", near);
  } else if (known.empty()) {
    advice = "; they have no labels at all";
  } else {
    advice = fmt::format("; they have {}", join(known, ", "));
  }
  find(offset, "unknown-label", fmt::format("no series here has the label {}{}", label, advice));
}

Vector Analyst::visit(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
    case Kind::string: {
      Vector value;
      value.type = expr.kind == Kind::number ? ValueType::scalar : ValueType::string;
      return value;
    }
    case Kind::selector:
      return selector(expr, Duration::zero());
    case Kind::matrix: {
      auto vector = selector(*expr.args[0], expr.range);
      vector.source = print(expr);
      vector.type = ValueType::range_vector;
      return vector;
    }
    case Kind::subquery: {
      auto vector = visit(*expr.args[0]);
      vector.type = ValueType::range_vector;
      return vector;
    }
    case Kind::call:
      return call(expr);
    case Kind::aggregation:
      return aggregation(expr);
    case Kind::unary: {
      auto vector = visit(*expr.args[0]);
      vector.nature = Nature::unknown;
      return vector;
    }
    case Kind::binary:
      return binary(expr);
    case Kind::paren:
      return visit(*expr.args[0]);
  }
  return {};
}

namespace {

Nature nature_of(const SeriesInfo& info) {
  if (!info.raw) return Nature::recorded;
  switch (info.type) {
    case MetricType::counter:
    case MetricType::histogram:
      return Nature::counter;
    case MetricType::gauge:
    case MetricType::summary:  // its quantiles; _sum and _count are declared counters
      return Nature::gauge;
    case MetricType::untyped:
      break;
  }
  return Nature::unknown;
}

}  // namespace

Vector Analyst::selector(const Expr& expr, Duration range) {
  analysis_.uses.push_back({expr.text, expr.begin, expr.matchers, range});
  Vector vector;
  vector.metric = expr.text;
  vector.source = print(expr);
  const auto info = expr.text.empty() ? std::nullopt : resolve_(expr.text);
  if (info) {
    vector.labels = info->labels;
    vector.nature = nature_of(*info);
    vector.raw = info->raw;
    vector.buckets = expr.text.ends_with("_bucket") && vector.nature == Nature::counter &&
                     info->labels.names.contains("le");
  } else {
    vector.labels.open = true;
  }
  if (expr.text.empty()) {
    find(expr.begin, "unnamed-selector",
         "the selector names no metric, so nobody can say which labels and type its series have; "
         "write the metric's name");
  } else if (!info) {
    const auto near = nearest_name_ ? nearest_name_(expr.text) : std::string();
    find(expr.begin, "unknown-metric",
         fmt::format("no metric {} is declared{}", printable(expr.text),
                     near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  // All matchers look at the series as they are declared, none at what another one left.
  for (const auto& matcher : expr.matchers) require_label(vector, matcher.label, matcher.offset);
  for (const auto& matcher : expr.matchers) apply(matcher, vector);
  if (vector.labels.pinned.contains("le")) vector.buckets = false;
  return vector;
}

void Analyst::apply(const Matcher& matcher, Vector& vector) {
  const auto& label = matcher.label;
  if (label == "__name__" || !vector.may_have(label)) return;
  bool excludes_empty = false;
  switch (matcher.op) {
    case MatchOp::equal:
      if (matcher.value.empty()) {
        vector.drop(label);
      } else {
        vector.pin(label, matcher.value);
      }
      return;
    case MatchOp::not_equal:
      excludes_empty = matcher.value.empty();
      break;
    case MatchOp::regex:
      excludes_empty = !full_match(matcher.value, "");
      break;
    case MatchOp::not_regex:
      excludes_empty = full_match(matcher.value, "");
      break;
  }
  if (!excludes_empty) return;
  vector.labels.names.insert(label);
  vector.labels.maybe.erase(label);
}

}  // namespace basewatch::promql
