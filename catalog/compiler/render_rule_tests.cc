#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

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

// What one look at a recorded name must give.
struct Look {
  const RuleEntry& rule;
  const RuleTest& test;
  RuleTestPlan plan;
};

// promtool evaluates every rule at every step of every case, so looks at the same series are one.
std::vector<std::vector<Look>> cases_of(const Program& program, const Subject& subject) {
  std::vector<std::vector<Look>> cases;
  for (const auto& rule : subject.rules) {
    for (const auto& test : rule.tests) {
      Diagnostics told_already;
      Look look{rule, test, plan_rule_test(program, rule, test, told_already)};
      const auto same = std::ranges::find_if(cases, [&](const std::vector<Look>& other) {
        return other.front().plan.series == look.plan.series;
      });
      auto& looks = same == cases.end() ? cases.emplace_back() : *same;
      looks.push_back(std::move(look));
    }
  }
  return cases;
}

void write_look(YamlWriter& yaml, const Look& look) {
  yaml.item();
  yaml.value("expr", look.rule.record.value);
  yaml.plain("eval_time", format_duration(look.test.at));
  if (look.plan.samples.empty()) {
    yaml.empty_list("exp_samples");
  } else {
    yaml.key("exp_samples");
    for (const auto& [labels, value] : look.plan.samples) {
      yaml.item();
      yaml.value("labels", labels);
      yaml.plain("value", value);
      yaml.close();
    }
    yaml.close();
  }
  yaml.close();
}

void write_case(YamlWriter& yaml, const std::vector<Look>& looks) {
  const auto& first = looks.front();
  yaml.item();
  yaml.value("name",
             fmt::format("{} after {}{}", first.rule.record.value, format_duration(first.test.at),
                         looks.size() == 1 ? "" : " and what else reads this"));
  write_input_series(yaml, first.plan.series);
  yaml.key("promql_expr_test");
  for (const auto& look : looks) write_look(yaml, look);
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
  for (const auto& looks : cases_of(program, subject)) write_case(yaml, looks);
  yaml.close();
  return Artefact{fmt::format("rules/tests/{}_recording_test.yml", subject.name),
                  std::string(kGenerated) + yaml.text()};
}

}  // namespace basewatch::catalog
