#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/strings.h"
#include "catalog/compiler/named_target_cases.h"
#include "catalog/compiler/promtool_file.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/test_plan.h"
#include "catalog/compiler/yaml_writer.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

// Whether the site moved a threshold that the alert, or a rule below it, compares with. The numbers
// of its tests lie around the default, so they would fail although nothing is wrong.
bool has_moved(const Program& program, const AlertEntry& alert) {
  const auto moved = [&](const Expression& expression) {
    return std::ranges::any_of(expression.expansion.thresholds, [&](const auto& name) {
      const auto known = program.site().thresholds.find(name);
      return known != program.site().thresholds.end() && known->second.moved;
    });
  };
  const auto& expression = program.of(alert);
  return moved(expression) ||
         std::ranges::any_of(program.rules_below(expression),
                             [&](const auto& below) { return moved(program.of(*below.rule)); });
}

// The tests of a subject's alerts of one class. promtool evaluates every rule at every step of
// every case, so only the instant alerts take the site's evaluation interval; for the others, which
// wait for minutes anyway, a minute does, in a sixth of the time.
class TestsFile {
 public:
  TestsFile(const Program& program, const Subject& subject, AlertClass alert_class)
      : program_(program), subject_(subject), class_(alert_class) {
    const bool built_in = !program.site().own || &subject != &*program.site().own;
    for (const auto& alert : subject.alerts) {
      if (alert.alert_class != alert_class) continue;
      if (built_in && has_moved(program, alert)) {
        left_out_.push_back(alert.name.value);
      } else {
        alerts_.push_back(&alert);
      }
    }
  }

  bool empty() const { return alerts_.empty(); }

  std::string render() {
    write_head();
    yaml_.key("tests");
    for (const auto* alert : alerts_) write_cases(*alert);
    yaml_.close();
    std::string head(kGenerated);
    if (!left_out_.empty()) {
      head += "# Without the tests of alerts whose thresholds this site moves: " +
              join(left_out_, ", ") + ".\n";
    }
    return head + yaml_.text();
  }

 private:
  // promtool evaluates groups in no order of its own; a recorded name must be there before the
  // alert.
  void write_head() {
    std::vector<std::string> recording;
    for (const auto* alert : alerts_) {
      for (const auto& below : program_.rules_below(program_.of(*alert))) {
        const auto& name = below.subject->name;
        if (std::ranges::find(recording, name) == recording.end()) recording.push_back(name);
      }
    }
    const auto site = program_.site().evaluation_interval;
    write_tests_head(yaml_, recording, subject_.name,
                     class_ == AlertClass::instant ? site : std::max<Duration>(site, 1min));
  }

  // The catalog's own cases know nothing of targets that a configuration names: with those, the
  // alert would fire in every quiet one.
  void write_cases(const AlertEntry& alert) {
    if (names_targets(program_, alert)) {
      for (const auto& named : named_target_cases(program_, alert)) {
        write_case(alert, named.name, alert.hold + 5min, named.plan, named.fires);
      }
      return;
    }
    for (const auto& test : alert.fires) write_case(alert, test, true);
    for (const auto& test : alert.quiet) write_case(alert, test, false);
  }

  void write_case(const AlertEntry& alert, const TestCase& test, bool fires) {
    Diagnostics told_already;
    const auto name = fmt::format("{} {}", alert.name.value, fires ? "fires" : "stays quiet");
    write_case(alert, name, test.at, plan_test(program_, alert, test, fires, told_already), fires);
  }

  void write_case(const AlertEntry& alert, const std::string& name, Duration at,
                  const TestPlan& plan, bool fires) {
    yaml_.item();
    yaml_.value("name", name);
    write_input_series(yaml_, plan.series);
    yaml_.key("alert_rule_test");
    yaml_.item();
    yaml_.plain("eval_time", format_duration(at));
    yaml_.value("alertname", alert.name.value);
    if (fires) {
      write_expected(alert, plan);
    } else {
      yaml_.empty_list("exp_alerts");
    }
    yaml_.close();
    yaml_.close();
    yaml_.close();
  }

  void write_expected(const AlertEntry& alert, const TestPlan& plan) {
    yaml_.key("exp_alerts");
    yaml_.item();
    yaml_.key("exp_labels");
    for (const auto& [name, value] : plan.labels) yaml_.value(name, value);
    yaml_.close();
    yaml_.key("exp_annotations");
    yaml_.value("summary", plan.summary);
    yaml_.value("description", plan.description);
    if (const auto url = runbook_url(program_, alert); !url.empty()) {
      yaml_.value("runbook_url", url);
    }
    if (const auto url = dashboard_url(program_, alert, &plan.labels); !url.empty()) {
      yaml_.value("dashboard_url", url);
    }
    yaml_.close();
    yaml_.close();
    yaml_.close();
  }

  const Program& program_;
  const Subject& subject_;
  const AlertClass class_;
  std::vector<const AlertEntry*> alerts_;
  std::vector<std::string> left_out_;
  YamlWriter yaml_;
};

}  // namespace

std::optional<Artefact> render_tests(const Program& program, const Subject& subject) {
  TestsFile file(program, subject, AlertClass::normal);
  if (file.empty()) return std::nullopt;
  return Artefact{fmt::format("rules/tests/{}_test.yml", subject.name), file.render()};
}

std::optional<Artefact> render_instant_tests(const Program& program, const Subject& subject) {
  TestsFile file(program, subject, AlertClass::instant);
  if (file.empty()) return std::nullopt;
  return Artefact{fmt::format("rules/tests/{}_instant_test.yml", subject.name), file.render()};
}

}  // namespace basewatch::catalog
