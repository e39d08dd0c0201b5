#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/strings.h"
#include "catalog/compiler/alert_rules.h"
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

// promtool evaluates every rule at every step of every case, so a file's step is as long as its
// cases allow. Instant alerts take the site's evaluation interval; for the others, which wait for
// minutes anyway, a minute does; cases that last for hours would still be most of the time.
enum class Pace { instant, minutes, hours };

constexpr Duration kLong = 3h;

// What the cases say of `at` must be a moment of evaluation.
constexpr Duration kLongStep = 5min;

bool is_long(const TestCase& test) {
  return test.at >= kLong && test.at % kLongStep == Duration::zero();
}

// The tests of a subject that go at one pace.
class TestsFile {
 public:
  TestsFile(const Program& program, const Subject& subject, Pace pace)
      : program_(program), subject_(subject), pace_(pace) {
    const bool built_in = !program.site().own || &subject != &*program.site().own;
    for (const auto& alert : subject.alerts) {
      if (!has_cases(alert) || !is_wanted(program, alert)) continue;
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
  bool has_cases(const AlertEntry& alert) const {
    if ((alert.alert_class == AlertClass::instant) != (pace_ == Pace::instant)) return false;
    if (names_targets(program_, alert)) {
      return pace_ != Pace::hours && is_uniform(program_, alert);
    }
    const auto here = [&](const TestCase& test) { return is_here(test); };
    return std::ranges::any_of(alert.fires, here) || std::ranges::any_of(alert.quiet, here);
  }

  // Cases speak of the limits that all have.
  bool is_of_a_place_apart(const AlertEntry& alert, const TestCase& test) const {
    Diagnostics told_already;
    std::vector<std::string> names;
    for (const auto& [name, values] : plan_test(program_, alert, test, false, told_already).series) {
      names.push_back(name);
    }
    return is_apart(program_, alert, names);
  }

  bool is_here(const TestCase& test) const {
    return pace_ == Pace::instant || is_long(test) == (pace_ == Pace::hours);
  }

  Duration step() const {
    const auto site = program_.site().evaluation_interval;
    switch (pace_) {
      case Pace::instant:
        break;
      case Pace::minutes:
        return std::max<Duration>(site, 1min);
      case Pace::hours:
        return std::max<Duration>(site, kLongStep);
    }
    return site;
  }

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
    write_tests_head(yaml_, recording, subject_.name, step());
  }

  // The catalog's own cases know nothing of targets that a configuration names: with those, the
  // alert would fire in every quiet one.
  void write_cases(const AlertEntry& alert) {
    if (names_targets(program_, alert)) {
      for (const auto& named : named_target_cases(program_, alert)) {
        write_case(alert, named.name, alert.hold + 5min, {}, named.plan, named.fires);
      }
      return;
    }
    for (const auto& test : alert.fires) {
      if (is_here(test) && !is_of_a_place_apart(alert, test)) write_case(alert, test, true);
    }
    for (const auto& test : alert.quiet) {
      if (is_here(test) && !is_of_a_place_apart(alert, test)) write_case(alert, test, false);
    }
  }

  void write_case(const AlertEntry& alert, const TestCase& test, bool fires) {
    Diagnostics told_already;
    const auto name = fmt::format("{} {}", alert.name.value, fires ? "fires" : "stays quiet");
    write_case(alert, name, test.at, test.since,
               plan_test(program_, alert, test, fires, told_already), fires);
  }

  void write_case(const AlertEntry& alert, const std::string& name, Duration at,
                  std::optional<Duration> since, const TestPlan& plan, bool fires) {
    yaml_.item();
    yaml_.value("name", name);
    write_input_series(yaml_, plan.series);
    yaml_.key("alert_rule_test");
    // Whatever the series: nothing fires before `for` has passed.
    const auto first = first_firing(alert, since.value_or(Duration::zero()));
    if (const auto before = first - step(); fires && before > Duration::zero() && before < at) {
      write_moment(alert, before, nullptr);
    }
    write_moment(alert, at, fires ? &plan : nullptr);
    yaml_.close();
    if (fires && since && first < at) write_is_in_time(alert, first);
    yaml_.close();
  }

  // The first evaluation at which what holds since then has held for long enough.
  Duration first_firing(const AlertEntry& alert, Duration since) const {
    const auto begin = (since + step() - Duration(1)) / step();
    const auto waits = (alert.hold + step() - Duration(1)) / step();
    return (begin + waits) * step();
  }

  // Not how the alert reads then: its numbers may be others.
  void write_is_in_time(const AlertEntry& alert, Duration first) {
    yaml_.key("promql_expr_test");
    yaml_.item();
    yaml_.value("expr", fmt::format("count(ALERTS{{alertname=\"{}\",alertstate=\"firing\"}})",
                                    alert.name.value));
    yaml_.plain("eval_time", format_duration(first));
    yaml_.key("exp_samples");
    yaml_.item();
    yaml_.plain("value", "1");
    yaml_.close();
    yaml_.close();
    yaml_.close();
    yaml_.close();
  }

  // What is expected then; nothing where there is no plan.
  void write_moment(const AlertEntry& alert, Duration at, const TestPlan* plan) {
    yaml_.item();
    yaml_.plain("eval_time", format_duration(at));
    yaml_.value("alertname", alert.name.value);
    if (plan) {
      write_expected(alert, *plan);
    } else {
      yaml_.empty_list("exp_alerts");
    }
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
  const Pace pace_;
  std::vector<const AlertEntry*> alerts_;
  std::vector<std::string> left_out_;
  YamlWriter yaml_;
};

std::optional<Artefact> tests_at(Pace pace, std::string_view suffix, const Program& program,
                                 const Subject& subject) {
  TestsFile file(program, subject, pace);
  if (file.empty()) return std::nullopt;
  return Artefact{fmt::format("rules/tests/{}{}_test.yml", subject.name, suffix), file.render()};
}

}  // namespace

std::optional<Artefact> render_tests(const Program& program, const Subject& subject) {
  return tests_at(Pace::minutes, "", program, subject);
}

std::optional<Artefact> render_instant_tests(const Program& program, const Subject& subject) {
  return tests_at(Pace::instant, "_instant", program, subject);
}

std::optional<Artefact> render_long_tests(const Program& program, const Subject& subject) {
  return tests_at(Pace::hours, "_long", program, subject);
}

}  // namespace basewatch::catalog
