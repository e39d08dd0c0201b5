#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/strings.h"
#include "catalog/compiler/promtool_file.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/rule_test_plan.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

// The subjects whose groups have to be evaluated, each after those that it reads.
std::vector<std::string> groups_below(const Program& program, const Subject& subject) {
  std::vector<std::string> names;
  for (const auto& rule : subject.rules) {
    if (rule.tests.empty()) continue;
    for (const auto& below : program.rules_below(program.of(rule))) {
      const auto& name = below.subject->name;
      if (name != subject.name && std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  names.push_back(subject.name);
  return names;
}

void write_case(YamlWriter& yaml, const RuleEntry& rule, const RuleTest& test,
                const RuleTestPlan& plan) {
  yaml.item();
  yaml.value("name", fmt::format("{} after {}", rule.record.value, format_duration(test.at)));
  write_input_series(yaml, plan.series);
  yaml.key("promql_expr_test");
  yaml.item();
  yaml.value("expr", rule.record.value);
  yaml.plain("eval_time", format_duration(test.at));
  if (plan.samples.empty()) {
    yaml.empty_list("exp_samples");
  } else {
    yaml.key("exp_samples");
    for (const auto& [labels, value] : plan.samples) {
      yaml.item();
      yaml.value("labels", labels);
      yaml.plain("value", value);
      yaml.close();
    }
    yaml.close();
  }
  yaml.close();
  yaml.close();
  yaml.close();
}

}  // namespace

std::optional<Artefact> render_rule_tests(const Program& program, const Subject& subject) {
  const bool tested =
      std::ranges::any_of(subject.rules, [](const RuleEntry& rule) { return !rule.tests.empty(); });
  if (!tested) return std::nullopt;
  YamlWriter yaml;
  write_tests_head(yaml, groups_below(program, subject), "",
                   std::max<Duration>(program.site().evaluation_interval, 1min));
  yaml.key("tests");
  for (const auto& rule : subject.rules) {
    for (const auto& test : rule.tests) {
      Diagnostics told_already;
      write_case(yaml, rule, test, plan_rule_test(program, rule, test, told_already));
    }
  }
  yaml.close();
  return Artefact{fmt::format("rules/tests/{}_recording_test.yml", subject.name),
                  std::string(kGenerated) + yaml.text()};
}

}  // namespace basewatch::catalog
