#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"
#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {
namespace {

// Fires always, so that its absence tells of a broken way to the people.
bool is_heartbeat(const AlertEntry& alert) {
  return alert.scope == AlertScope::fleet && alert.priority == "P5";
}

class AlertCheck {
 public:
  AlertCheck(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics)
      : program_(program),
        alert_(alert),
        expression_(program.of(alert)),
        analysis_(expression_.analysis),
        diagnostics_(diagnostics) {}

  void run() {
    if (expression_.tree) {
      check_result();
      check_labels();
      check_flapping(expression_);
      for (const auto& below : program_.rules_below(expression_)) {
        check_flapping(program_.of(*below.rule));
      }
    }
    check_text(alert_.summary);
    check_text(alert_.description);
  }

 private:
  void fail(const Location& where, std::string_view code, std::string message) {
    report(diagnostics_, where, code, std::move(message));
  }

  void check_result() {
    const bool heartbeat = is_heartbeat(alert_);
    if (analysis_.type != promql::ValueType::instant_vector) {
      fail(alert_.expr.at(0), "result-type",
           fmt::format("an alert needs an instant vector, and this is a {}",
                       promql::value_type_name(analysis_.type)));
      return;
    }
    if (analysis_.always_returns && !heartbeat) {
      fail(alert_.expr.at(0), "no-comparison",
           "the alert always fires: compare with something, as in > {{threshold.NAME}}, without "
           "'bool'; only a heartbeat (scope: fleet, priority: P5) fires always");
    }
    const auto& labels = analysis_.labels;
    if (alert_.scope == AlertScope::node && !labels.open &&
        (!labels.names.contains("node") || labels.maybe.contains("node"))) {
      fail(alert_.expr.at(0), "node-missing",
           "the result does not say which node it is about: keep the label 'node', as in "
           "sum by (node) (...), or write scope: fleet");
    }
  }

  // Labels are set after the expression: two series that differed in one of them alone become one,
  // and then Prometheus drops the whole rule.
  void check_labels() {
    auto names = static_labels(alert_);
    names.emplace("alertname", "");
    for (const auto& [name, value] : names) {
      const auto& labels = analysis_.labels;
      if (!labels.names.contains(name) || labels.pinned.contains(name)) continue;
      fail(alert_.expr.at(0), "label-collision",
           fmt::format("the alert's label '{0}' overwrites a label that tells its series apart: "
                       "aggregate it away, or pick one value with {{{0}=\"...\"}}",
                       name));
    }
  }

  // What makes an alert come and go is fine on a panel; here also what a recorded name brings
  // along.
  void check_flapping(const Expression& expression) {
    for (const auto& finding : expression.analysis.findings) {
      if (finding.code != kFlapping) continue;
      fail(expression.text().at(finding.offset), kFlapping, finding.message);
    }
  }

  void check_text(const Text& text) {
    const auto expanded = expand_annotation(text, program_.site(), diagnostics_).text;
    const std::string_view value = expanded.value;
    for (std::size_t open = value.find("{{"); open != value.npos;
         open = value.find("{{", open + 2)) {
      const auto close = value.find("}}", open);
      if (close == value.npos) {
        fail(expanded.at(open), "template", "the template is not closed: write }} after it");
        return;
      }
      check_template(expanded, open, close);
    }
  }

  void check_template(const Text& text, std::size_t open, std::size_t close) {
    const auto inside = std::string_view(text.value).substr(0, close);
    for (const std::string_view mark : {"$labels.", ".Labels."}) {
      for (auto at = inside.find(mark, open); at != inside.npos; at = inside.find(mark, at + 1)) {
        const auto name = inside.substr(at + mark.size());
        check_template_label(name.substr(0, end_of_name(name)), text.at(at));
      }
    }
  }

  static std::size_t end_of_name(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && is_label_name(text.substr(0, end + 1))) ++end;
    return end;
  }

  void check_template_label(std::string_view name, const Location& where) {
    const auto& labels = analysis_.labels;
    auto known = labels.names;
    for (const auto& [label, value] : static_labels(alert_)) known.insert(label);
    known.insert("alertname");
    if (labels.open || !expression_.tree || known.contains(std::string(name))) return;
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const auto guess = nearest(name, candidates);
    fail(where, "unknown-label",
         guess.empty() ? fmt::format("no label '{}' survives the expression; the alert has {}",
                                     name, join(known, ", "))
                       : fmt::format("no label '{}' survives the expression: did you mean '{}'?",
                                     name, guess));
  }

  const Program& program_;
  const AlertEntry& alert_;
  const Expression& expression_;
  const promql::Analysis& analysis_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_alert(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics) {
  AlertCheck(program, alert, diagnostics).run();
}

void check_tests(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics) {
  const auto missing = [&](std::string_view key, std::string_view what) {
    report(diagnostics, alert.name.where, "missing-test",
           fmt::format("the alert {} has no test in which it {}: write one under tests: {}",
                       alert.name.value, what, key));
  };
  if (alert.fires.empty()) missing("fires", "fires");
  if (alert.quiet.empty() && !is_heartbeat(alert)) missing("quiet", "stays quiet");
  if (!program.of(alert).tree) return;
  for (const auto& test : alert.fires) plan_test(program, alert, test, true, diagnostics);
  for (const auto& test : alert.quiet) plan_test(program, alert, test, false, diagnostics);
}

}  // namespace basewatch::catalog
