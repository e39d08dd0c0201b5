#include "catalog/compiler/rule_test_plan.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "agent/base/strings.h"
#include "catalog/compiler/case_series.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

using Labels = std::map<std::string, std::string>;

class RulePlanner {
 public:
  RulePlanner(const Program& program, const RuleEntry& rule, const RuleTest& test,
              Diagnostics& diagnostics)
      : rule_(rule),
        test_(test),
        expression_(program.of(rule)),
        diagnostics_(diagnostics),
        series_(program, expression_, diagnostics) {}

  RuleTestPlan run() {
    series_.add(test_.series);
    plan_.series = series_.written();
    for (const auto& sample : test_.expect) add(sample);
    return std::move(plan_);
  }

 private:
  void fail(const Location& where, std::string_view code, std::string message) {
    report(diagnostics_, where, code, std::move(message));
  }

  void add(const RuleTest::Sample& sample) {
    auto labels = written_labels(sample.labels);
    if (!labels) return;
    for (const auto& name : expression_.analysis.labels.names) {
      if (labels->contains(name)) continue;
      const auto values = series_.values_of(name);
      if (values.size() == 1) labels->emplace(name, *values.begin());
      if (values.size() <= 1) continue;
      fail(sample.value.where, "expect",
           fmt::format("the label '{0}' of what is recorded may be {1}: write expect: "
                       "{{'{{{0}=\"...\"}}': ...}}",
                       name, join(values, " or ")));
    }
    std::erase_if(*labels, [](const auto& label) { return label.second.empty(); });
    const auto text = TestSeries{rule_.record.value, *labels}.text();
    if (!names_.insert(text).second) {
      fail(sample.labels.where, "expect",
           fmt::format("{} is expected twice, once all its labels are filled in", text));
    }
    plan_.samples.emplace_back(text, sample.value.value);
  }

  // {mountpoint="/"}: what the case itself says about the labels.
  std::optional<Labels> written_labels(const Text& text) {
    Labels labels;
    if (text.empty()) return labels;
    const auto wrong = [&] {
      fail(text.where, "expect",
           fmt::format("'{}' are no labels of what is recorded: write them as in "
                       "{{mountpoint=\"/\"}}",
                       printable(text.value)));
      return std::nullopt;
    };
    if (!trim(text.value).starts_with('{')) return wrong();
    promql::ExprPtr tree;
    try {
      tree = promql::parse(rule_.record.value + std::string(trim(text.value)));
    } catch (const promql::SyntaxError&) {
      return wrong();
    }
    if (tree->kind != promql::Kind::selector || tree->offset || tree->at_modifier) return wrong();
    const auto& known = expression_.analysis.labels;
    for (const auto& matcher : tree->matchers) {
      if (matcher.op != promql::MatchOp::equal) return wrong();
      if (!known.open && !known.names.contains(matcher.label)) {
        fail(text.where, "unknown-label",
             fmt::format("expect names the label '{}', which {} does not carry; it carries {}",
                         printable(matcher.label), rule_.record.value, join(known.names, ", ")));
      }
      labels[matcher.label] = matcher.value;
    }
    return labels;
  }

  const RuleEntry& rule_;
  const RuleTest& test_;
  const Expression& expression_;
  Diagnostics& diagnostics_;
  CaseSeries series_;
  RuleTestPlan plan_;
  std::set<std::string> names_;
};

}  // namespace

RuleTestPlan plan_rule_test(const Program& program, const RuleEntry& rule, const RuleTest& test,
                            Diagnostics& diagnostics) {
  return RulePlanner(program, rule, test, diagnostics).run();
}

}  // namespace basewatch::catalog
