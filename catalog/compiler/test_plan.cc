#include "catalog/compiler/test_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/case_series.h"
#include "catalog/compiler/report.h"

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
        diagnostics_(diagnostics),
        series_(program, expression_, diagnostics) {}

  TestPlan run(bool fires) {
    series_.add(test_.series);
    plan_.series = series_.written();
    if (fires) {
      expect_labels();
      plan_.summary = text("summary", alert_.summary, test_.summary);
      plan_.description = text("description", alert_.description, test_.description);
    }
    return std::move(plan_);
  }

 private:
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
      const auto values = series_.values_of(name);
      if (values.size() == 1) plan_.labels[name] = *values.begin();
      if (values.size() <= 1) continue;
      report(
          diagnostics_, test_.where, "expect",
          fmt::format("the label '{0}' of the firing alert may be {1}: write expect: {{{0}: ...}}",
                      name, join(values, " or ")));
    }
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
  CaseSeries series_;
  TestPlan plan_;
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
