#include "catalog/compiler/test_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/report.h"
#include "catalog/compiler/test_series.h"

namespace basewatch::catalog {
namespace {

class Planner {
 public:
  Planner(const Program& program, const AlertEntry& alert, const TestCase& test,
          Diagnostics& diagnostics)
      : program_(program),
        alert_(alert),
        test_(test),
        expression_(program.of(alert)),
        diagnostics_(diagnostics) {}

  TestPlan run(bool fires) {
    for (const auto& [name, values] : test_.series) add_series(name, values);
    if (fires) {
      collect_uses();
      expect_labels();
      plan_.summary = text("summary", alert_.summary, test_.summary);
      plan_.description = text("description", alert_.description, test_.description);
    }
    return std::move(plan_);
  }

 private:
  void add_series(const Text& name, const Text& values) {
    check_test_values(values, diagnostics_);
    auto series = parse_test_series(program_, name, diagnostics_);
    if (!series) return;
    const auto written = series->text();
    if (!names_.insert(written).second) {
      report(
          diagnostics_, name.where, "test-series",
          fmt::format("the series {} stands twice in this case, once all its labels are filled in",
                      written));
    }
    plan_.series.emplace_back(written, values.value);
    series_.push_back(std::move(*series));
  }

  // What the alert reads, also by way of recorded names.
  void collect_uses() {
    uses_ = expression_.analysis.uses;
    for (const auto& below : program_.rules_below(expression_)) {
      const auto& more = program_.of(*below.rule).analysis.uses;
      uses_.insert(uses_.end(), more.begin(), more.end());
    }
  }

  void expect_labels() {
    plan_.labels = static_labels(alert_);
    const auto& result = expression_.analysis.labels;
    for (const auto& [name, value] : test_.expect) {
      if (plan_.labels.contains(name)) {
        report(diagnostics_, test_.where, "unknown-label",
               fmt::format("expect names the label '{}', which the alert sets itself: remove it",
                           name));
      } else if (!result.open && !result.names.contains(name)) {
        report(
            diagnostics_, test_.where, "unknown-label",
            fmt::format("expect names the label '{}', which no result of {} carries; it carries {}",
                        printable(name), alert_.name.value, listed(result.names)));
      } else if (!value.empty()) {
        plan_.labels[name] = value;
      }
    }
    for (const auto& name : result.names) {
      if (test_.expect.contains(name) || plan_.labels.contains(name)) continue;
      const auto value = known_value(name, result.pinned.contains(name));
      if (!value.empty()) plan_.labels[name] = value;
    }
  }

  // The value that the label must have in the result; empty when it has none.
  std::string known_value(const std::string& label, bool pinned) {
    std::set<std::string> values, matched;
    for (const auto& series : series_) {
      const bool used = std::ranges::find(uses_, series.name, &promql::Use::metric) != uses_.end();
      const auto found = series.labels.find(label);
      if (used && found != series.labels.end()) values.insert(found->second);
    }
    for (const auto& use : uses_) {
      for (const auto& matcher : use.matchers) {
        if (matcher.label == label && matcher.op == promql::MatchOp::equal &&
            !matcher.value.empty()) {
          matched.insert(matcher.value);
        }
      }
    }
    if (values.size() == 1) return *values.begin();
    if (pinned && matched.size() == 1) return *matched.begin();
    if (values.size() > 1) {
      report(
          diagnostics_, test_.where, "expect",
          fmt::format("the label '{0}' of the firing alert may be {1}: write expect: {{{0}: ...}}",
                      label, join(values, " or ")));
    }
    return {};
  }

  std::string text(std::string_view key, const Text& annotation, const std::string& written) {
    Diagnostics told_already;
    auto expanded = expand_annotation(annotation, program_.site(), told_already).text.value;
    if (!written.empty()) {
      return expand_annotation({written, test_.where, {}}, program_.site(), diagnostics_)
          .text.value;
    }
    if (expanded.find("{{") == std::string::npos) return expanded;
    report(
        diagnostics_, test_.where, "expect",
        fmt::format("the {0} of {1} is a template: write in this case the {0} that a person reads",
                    key, alert_.name.value));
    return {};
  }

  static std::string listed(const std::set<std::string>& names) {
    return names.empty() ? "none" : join(names, ", ");
  }

  const Program& program_;
  const AlertEntry& alert_;
  const TestCase& test_;
  const Expression& expression_;
  Diagnostics& diagnostics_;
  TestPlan plan_;
  std::set<std::string> names_;
  std::vector<TestSeries> series_;
  std::vector<promql::Use> uses_;
};

}  // namespace

TestPlan plan_test(const Program& program, const AlertEntry& alert, const TestCase& test,
                   bool fires, Diagnostics& diagnostics) {
  return Planner(program, alert, test, diagnostics).run(fires);
}

std::map<std::string, std::string> static_labels(const AlertEntry& alert) {
  constexpr std::string_view kSeverities[] = {"critical", "warning", "info"};
  auto labels = alert.labels;
  labels["severity"] = kSeverities[static_cast<std::size_t>(alert.severity)];
  labels["priority"] = alert.priority;
  if (alert.alert_class == AlertClass::instant) labels["class"] = "instant";
  return labels;
}

}  // namespace basewatch::catalog
