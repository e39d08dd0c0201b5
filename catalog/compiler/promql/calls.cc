#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/analyst.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/promql/regex.h"

// What functions ask of their arguments, and which labels they leave.
namespace basewatch::promql {

namespace {

template <std::size_t N>
bool one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::ranges::find(names, name) != std::end(names);
}

constexpr std::string_view kCounterFunctions[] = {"rate", "irate", "increase", "resets"};
constexpr std::string_view kGaugeFunctions[] = {"delta", "deriv", "idelta", "predict_linear",
                                                "holt_winters"};
// The value of a series stays what it is.
constexpr std::string_view kKeepNature[] = {"sort", "sort_desc", "label_replace", "label_join",
                                            "last_over_time"};

// absent() makes its one series from the equality matchers of the selector inside, and a label that
// is matched twice is lost.
Vector absent(const Expr& argument) {
  Vector result;
  result.always_returns = false;
  const auto* inner = &unwrap(argument);
  if (inner->kind == Kind::matrix) inner = inner->args[0].get();
  if (inner->kind != Kind::selector) return result;
  std::set<std::string> seen;
  for (const auto& matcher : inner->matchers) {
    if (matcher.label == "__name__") continue;
    const bool first = seen.insert(matcher.label).second;
    result.drop(matcher.label);
    if (matcher.op == MatchOp::equal && first && !matcher.value.empty()) {
      result.pin(matcher.label, matcher.value);
    }
  }
  return result;
}

}  // namespace

Vector Analyst::call(const Expr& expr) {
  Vector vector;  // of the argument that is a vector; hour() and time() have none
  const Expr* argument = nullptr;
  for (const auto& arg : expr.args) {
    auto value = visit(*arg);
    if (value.type != ValueType::instant_vector && value.type != ValueType::range_vector) continue;
    vector = std::move(value);
    argument = arg.get();
  }
  const auto& name = expr.text;
  if (name == "absent" || name == "absent_over_time") return absent(*argument);
  if (name == "histogram_quantile") return histogram_quantile(expr, vector);
  if (one_of(name, kCounterFunctions)) check_rate(expr, vector);
  if (one_of(name, kGaugeFunctions)) check_gauge_function(expr, vector);
  if (name == "irate") {
    find(expr.begin, "flapping-function",
         "irate() looks at the last two samples only, so that an alert on it flaps; write rate()");
  }
  if (name == "quantile_over_time") check_quantile(*expr.args[0], name);
  if (name == "label_replace") label_replace(expr, vector);
  if (name == "label_join") label_join(expr, vector);
  if (one_of(name, kCounterFunctions) || one_of(name, kGaugeFunctions)) {
    vector.nature = Nature::gauge;
  } else if (!one_of(name, kKeepNature)) {
    vector.nature = Nature::unknown;
  }
  if (name == "scalar") vector = {};
  if (!vector.source.empty()) vector.source = print(expr);
  vector.type = find_function(name)->result;
  return vector;
}

void Analyst::check_rate(const Expr& call, const Vector& argument) {
  const auto offset = call.args[0]->begin;
  switch (argument.nature) {
    case Nature::gauge:
      find(offset, "rate-of-gauge",
           unwrap(*call.args[0]).kind == Kind::matrix
               ? fmt::format("{}() needs a counter and {} is declared a gauge; write delta() or "
                             "deriv()",
                             call.text, argument.metric)
               : fmt::format("{}() needs a counter, and what the subquery computes is none",
                             call.text));
      break;
    case Nature::recorded:
      find(
          offset, "rate-of-recorded",
          fmt::format("{}() of the recorded {} misses counter resets; record the rate itself, from "
                      "the counter",
                      call.text, argument.metric));
      break;
    case Nature::aggregated:
      find(offset, "rate-of-aggregation",
           fmt::format("{}() of an aggregation misses counter resets; aggregate the rates, like "
                       "sum({}(...[5m]))",
                       call.text, call.text));
      break;
    case Nature::unknown:
    case Nature::counter:
      break;
  }
}

void Analyst::check_gauge_function(const Expr& call, const Vector& argument) {
  if (argument.nature != Nature::counter) return;
  find(call.args[0]->begin, "gauge-function-of-counter",
       fmt::format("{}() needs a gauge and {} is declared a counter; write rate() or increase()",
                   call.text, argument.metric));
}

void Analyst::check_quantile(const Expr& quantile, std::string_view function) {
  const auto& value = unwrap(quantile);
  if (value.kind != Kind::number || (value.number >= 0 && value.number <= 1)) return;
  find(value.begin, "quantile-range",
       fmt::format("the quantile of {}() lies between 0 and 1, like 0.99", function));
}

Vector Analyst::histogram_quantile(const Expr& expr, const Vector& argument) {
  check_quantile(*expr.args[0], expr.text);
  const auto offset = expr.args[1]->begin;
  if (argument.raw && !argument.labels.open && !argument.metric.ends_with("_bucket")) {
    find(offset, "histogram-quantile",
         fmt::format("histogram_quantile() needs the _bucket series of a histogram, and {} is none",
                     argument.metric));
  } else if (!argument.may_have("le") && !argument.le_dropped) {
    find(offset, "histogram-quantile",
         "histogram_quantile() needs the label le of the buckets, which is lost here; keep it with "
         "by (le, ...)");
  } else if (argument.labels.pinned.contains("le")) {
    find(offset, "histogram-quantile",
         "histogram_quantile() needs all buckets, and a matcher has chosen one by its le");
  }
  auto result = argument;
  result.type = ValueType::instant_vector;
  result.drop("le");
  result.buckets = false;
  result.nature = Nature::gauge;
  return result;
}

bool Analyst::check_label_name(const Expr& argument) {
  const auto& literal = unwrap(argument);
  if (is_label_name(literal.text)) return true;
  find(literal.begin, "bad-label",
       fmt::format("\"{}\" is no label; a label has letters, digits and underscores and does not "
                   "begin with a digit",
                   printable(literal.text)));
  return false;
}

void Analyst::label_replace(const Expr& expr, Vector& vector) {
  const auto text = [&](std::size_t i) -> const std::string& { return unwrap(*expr.args[i]).text; };
  const auto &target = text(1), &replacement = text(2), &source = text(3), &pattern = text(4);
  if (!source.empty()) require_label(vector, source, expr.args[3]->begin);
  if (const auto error = regex_error(pattern); !error.empty()) {
    find(expr.args[4]->begin, "bad-regex",
         fmt::format("\"{}\" is no regular expression: {}", printable(pattern), printable(error)));
    if (is_label_name(target)) vector.add(target, false);  // one finding is enough
    return;
  }
  if (!check_label_name(*expr.args[1]) || target == "__name__") return;

  const bool has_source = vector.surely_has(source);
  const bool no_source = !vector.may_have(source);
  const bool constant_source = no_source || (has_source && vector.labels.pinned.contains(source));
  const bool always = pattern == ".*" || pattern == "(.*)" ||
                      (no_source && full_match(pattern, "")) || (has_source && pattern == "(.+)");
  const bool plain = replacement.find('$') == std::string::npos;
  const bool copies = replacement == "$1" && (pattern == "(.*)" || pattern == "(.+)") && has_source;
  const bool had = vector.may_have(target), was_pinned = vector.labels.pinned.contains(target);
  const bool was_sure = vector.surely_has(target);
  if (always && replacement.empty()) {
    vector.drop(target);
    return;
  }
  if (always && plain) {
    vector.pin(target, replacement);
    return;
  }
  const bool sure = always ? copies : was_sure && (copies || (plain && !replacement.empty()));
  vector.add(target, sure);
  if (constant_source && (always || was_pinned || !had)) vector.labels.pinned.insert(target);
}

void Analyst::label_join(const Expr& expr, Vector& vector) {
  bool sure = expr.args.size() > 4 && !unwrap(*expr.args[2]).text.empty();
  bool pinned = true, any = false;
  for (std::size_t i = 3; i < expr.args.size(); ++i) {
    const auto& source = unwrap(*expr.args[i]).text;
    require_label(vector, source, expr.args[i]->begin);
    any = any || vector.may_have(source);
    sure = sure || vector.surely_has(source);
    pinned = pinned && (!vector.may_have(source) || vector.labels.pinned.contains(source));
  }
  if (!check_label_name(*expr.args[1])) return;
  const auto& target = unwrap(*expr.args[1]).text;
  if (!any && !sure) {
    vector.drop(target);
    return;
  }
  vector.add(target, sure);
  if (pinned) vector.labels.pinned.insert(target);
}

}  // namespace basewatch::promql
