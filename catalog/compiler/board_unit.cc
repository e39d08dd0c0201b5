#include "catalog/compiler/board_unit.h"

#include <algorithm>
#include <array>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

using promql::Expr;
using promql::Kind;

struct UnitRow {
  std::string_view word, plain, per_second;
};
// Empty: Grafana has nothing for it, and a bare number is the honest way to show it.
constexpr UnitRow kUnits[] = {
    {"amperes", "amp", ""},
    {"bits", "bits", "bps"},
    {"bytes", "bytes", "binBps"},
    {"celsius", "celsius", ""},
    {"events", "short", "eps"},
    {"flag", "bool", ""},
    {"hertz", "hertz", ""},
    {"joules", "joule", "watt"},
    {"messages", "short", "mps"},
    {"meters", "lengthm", ""},
    {"milliseconds", "ms", ""},
    {"none", "none", "cps"},
    {"operations", "short", "ops"},
    {"packets", "short", "pps"},
    {"percent", "percent", ""},
    {"ratio", "percentunit", ""},
    {"reads", "short", "rps"},
    {"requests", "short", "reqps"},
    {"rows", "short", "rowsps"},
    {"rpm", "rotrpm", ""},
    {"seconds", "s", "percentunit"},       // seconds of work in a second: a share
    {"timestamp", "dateTimeFromNow", ""},  // in milliseconds, which the planner makes of it
    {"volts", "volt", ""},
    {"watts", "watt", ""},
    {"writes", "short", "wps"},
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// A number that is written there, not measured: it takes on the unit of what it is added to.
bool is_constant(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return true;
    case Kind::paren:
    case Kind::unary:
    case Kind::binary:
      return std::ranges::all_of(expr.args, [](const auto& arg) { return is_constant(*arg); });
    default:
      return false;
  }
}

class Inference {
 public:
  explicit Inference(const UnitOfName& lookup) : lookup_(lookup) {}

  std::optional<Unit> of(const Expr& expr) const {
    switch (expr.kind) {
      case Kind::selector:
        return lookup_(expr.text);
      case Kind::matrix:
      case Kind::subquery:
      case Kind::paren:
      case Kind::unary:
        return of(*expr.args.back());
      case Kind::aggregation:
        return of_aggregation(expr);
      case Kind::call:
        return of_call(expr);
      case Kind::binary:
        return of_binary(expr);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<Unit> of_aggregation(const Expr& expr) const {
    if (is_one_of(expr.text, {"count", "count_values", "group"})) return Unit{"series"};
    if (expr.text == "stdvar") return std::nullopt;
    return of(*expr.args.back());
  }

  std::optional<Unit> of_call(const Expr& expr) const {
    const auto& name = expr.text;
    if (name == "time" || name == "timestamp") return Unit{"timestamp"};
    if (is_one_of(name, {"changes", "resets", "count_over_time"})) return Unit{"series"};
    if (is_one_of(name, {"absent", "absent_over_time", "present_over_time"})) return Unit{"flag"};
    if (expr.args.empty() || is_one_of(name, {"vector", "stdvar_over_time", "ln", "log2", "log10",
                                              "exp", "sqrt", "sgn"})) {
      return std::nullopt;
    }
    const bool second = is_one_of(name, {"histogram_quantile", "quantile_over_time"});
    auto unit = of(*expr.args[second ? 1 : 0]);
    if (!unit) return unit;
    if (is_one_of(name, {"rate", "irate", "deriv"})) {
      if (unit->per_second) return std::nullopt;
      unit->per_second = true;
    }
    if (name == "histogram_quantile")
      unit->per_second = false;  // of the buckets, not of their bounds
    return unit;
  }

  std::optional<Unit> of_binary(const Expr& expr) const {
    const auto &left = *expr.args[0], &right = *expr.args[1];
    const auto& op = expr.text;
    if (expr.bool_modifier) return Unit{"flag"};
    if (op == "and" || op == "unless" || is_one_of(op, {"==", "!=", "<", ">", "<=", ">="})) {
      return of(left);
    }
    if (op == "or") {
      auto unit = of(left);
      return unit ? unit : of(right);
    }
    if (op == "+" || op == "-" || op == "%") {
      if (is_constant(left)) return of(right);
      if (is_constant(right)) return of(left);
      const auto unit = of(left);
      if (unit != of(right)) return std::nullopt;
      if (op == "-" && unit == Unit{"timestamp"}) return Unit{"seconds"};  // an age
      return unit;
    }
    return op == "/" ? of_division(of(left), of(right)) : std::nullopt;
  }

  static std::optional<Unit> of_division(const std::optional<Unit>& left,
                                         const std::optional<Unit>& right) {
    if (!left || !right) return std::nullopt;
    if (left == right) return Unit{"ratio"};
    // Seconds per second over reads per second: seconds for a read.
    if (left->per_second && right->per_second) return Unit{left->word};
    return std::nullopt;
  }

  const UnitOfName& lookup_;
};

// "secons" of "seconds". Other letters make another word: threads are no reads, hits no bits.
bool lacks_a_letter(std::string_view word, std::string_view of) {
  if (word.size() + 1 != of.size()) return false;
  const auto differs = std::ranges::mismatch(word, of).in1 - word.begin();
  return word.substr(static_cast<std::size_t>(differs)) ==
         of.substr(static_cast<std::size_t>(differs) + 1);
}

template <typename Spec>
std::optional<DeclaredMetric> part_of(const Spec& spec, std::string_view own_name,
                                      std::string_view name) {
  if (name == own_name) return DeclaredMetric{spec.type, spec.unit, spec.help};
  const bool histogram = spec.type == MetricType::histogram;
  if ((!histogram && spec.type != MetricType::summary) || !name.starts_with(own_name)) return {};
  const auto part = name.substr(own_name.size());
  if (part == "_sum") return DeclaredMetric{MetricType::counter, spec.unit, spec.help};
  if (part == "_count") return DeclaredMetric{MetricType::counter, "operations", spec.help};
  if (part == "_bucket" && histogram) {
    return DeclaredMetric{MetricType::counter, spec.unit, spec.help};
  }
  return {};
}

}  // namespace

Unit parse_unit(std::string_view text) {
  const bool rate = text.ends_with("/s");
  return {std::string(rate ? text.substr(0, text.size() - 2) : text), rate};
}

const std::vector<std::string_view>& unit_words() {
  static const std::vector<std::string_view> words = [] {
    std::vector<std::string_view> made;
    for (const auto& row : kUnits) made.push_back(row.word);
    return made;
  }();
  return words;
}

std::optional<std::string> grafana_unit(const Unit& unit) {
  const auto row = std::ranges::find(kUnits, std::string_view(unit.word), &UnitRow::word);
  if (row != std::end(kUnits)) {
    const auto id = unit.per_second ? row->per_second : row->plain;
    return std::string(id.empty() ? "none" : id);
  }
  const bool plural = unit.word.size() > 2 && unit.word.ends_with('s') &&
                      std::ranges::all_of(unit.word, [](char c) {
                        return (c >= 'a' && c <= 'z') || c == ' ' || c == '_' || c == '-';
                      });
  const bool misspelt = std::ranges::any_of(unit_words(), [&](auto word) {
    return lacks_a_letter(unit.word, word) || lacks_a_letter(word, unit.word);
  });
  if (!plural || misspelt) return std::nullopt;
  return unit.per_second ? "cps" : "short";
}

std::optional<DeclaredMetric> find_metric(const std::vector<const Subject*>& subjects,
                                          std::string_view name) {
  for (const auto* subject : subjects) {
    for (const auto& metric : subject->metrics) {
      if (auto found = part_of(metric.spec, metric.spec.name, name)) return found;
    }
    for (const auto& family : subject->families) {
      for (const auto field : family.spec.known) {
        if (auto found = part_of(family.spec, family.spec.name(field), name)) return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<Unit> unit_of(const Expr& expr, const UnitOfName& lookup) {
  return Inference(lookup).of(expr);
}

}  // namespace basewatch::catalog
