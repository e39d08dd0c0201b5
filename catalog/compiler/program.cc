#include "catalog/compiler/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

constexpr std::size_t kDeepest = 50;  // rules that stand on rules: nobody means more

std::vector<const Subject*> subjects_of(const Catalog& catalog, const Site& site) {
  std::vector<const Subject*> subjects;
  for (const auto& subject : catalog.subjects) subjects.push_back(&subject);
  if (site.own) subjects.push_back(&*site.own);
  return subjects;
}

// What an expression that cannot be analysed may yield: anything.
promql::SeriesInfo anything() {
  promql::SeriesInfo info;
  info.type = MetricType::gauge;
  info.labels.names = {"job", "instance", "node"};
  info.labels.open = true;
  info.raw = false;
  return info;
}

}  // namespace

Program::Program(const Catalog& catalog, const Site& site, Diagnostics& diagnostics)
    : site_(site),
      diagnostics_(diagnostics),
      subjects_(subjects_of(catalog, site)),
      series_(subjects_) {
  for (const auto* subject : subjects_) {
    for (const auto& rule : subject->rules) {
      recorded_.emplace(rule.record.value, Recorded{&rule, subject});
    }
  }
  for (const auto* subject : subjects_) {
    for (const auto& rule : subject->rules) analyse(rule);
    for (const auto& alert : subject->alerts) {
      alerts_.emplace(&alert, analyse(alert.expr));
      report_findings(alerts_.at(&alert));
    }
  }
}

void Program::analyse(const RuleEntry& rule) {
  if (rules_.contains(&rule)) return;
  open_.push_back(&rule);
  auto expression = analyse(rule.expr);
  open_.pop_back();
  report_findings(rules_.emplace(&rule, std::move(expression)).first->second);
}

Expression Program::analyse(const Text& expr) {
  Expression out;
  out.expansion = expand_expression(expr, site_, diagnostics_);
  out.analysis.labels.open = true;
  if (expr.value.empty() || out.expansion.broken) return out;  // told already
  try {
    out.tree = promql::parse(out.text().value);
    out.analysis =
        promql::analyse(*out.tree, [this](std::string_view name) { return resolve(name); });
  } catch (const promql::SyntaxError& error) {
    report(diagnostics_, out.text().at(error.offset()), "syntax", error.what());
  }
  return out;
}

std::optional<promql::SeriesInfo> Program::resolve(std::string_view name) {
  if (const auto* series = series_.find(name)) return series->info;
  const auto* found = recorded(name);
  if (!found) return std::nullopt;
  const auto& rule = *found->rule;
  if (const auto begin = std::ranges::find(open_, &rule); begin != open_.end()) {
    std::string chain;
    for (auto step = begin; step != open_.end(); ++step) chain += (*step)->record.value + " -> ";
    report(diagnostics_, rule.record.where, "cycle",
           fmt::format("rules must not stand on each other in a circle: {}{}", chain,
                       rule.record.value));
    return anything();
  }
  if (open_.size() >= kDeepest) {
    report(diagnostics_, rule.record.where, "cycle",
           fmt::format("more than {} rules stand on each other: record fewer steps", kDeepest));
    return anything();
  }
  analyse(rule);
  const auto& expression = of(rule);
  if (!expression.tree) return anything();
  promql::SeriesInfo info;
  info.type = MetricType::gauge;
  info.labels = expression.analysis.labels;
  info.raw = false;
  return info;
}

void Program::report_findings(const Expression& expression) {
  for (const auto& finding : expression.analysis.findings) {
    if (finding.code == kFlapping) continue;
    auto message = finding.message;
    if (finding.code == "unknown-metric") {
      // The analysis knows names only one by one; here is what was probably meant.
      const auto& uses = expression.analysis.uses;
      const auto use = std::ranges::find(uses, finding.offset, &promql::Use::offset);
      if (use != uses.end() && !use->metric.empty()) message = why_unknown(use->metric);
    }
    report(diagnostics_, expression.text().at(finding.offset), finding.code, std::move(message));
  }
}

std::string Program::why_unknown(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& [record, where] : recorded_) names.push_back(record);
  return series_.why_unknown(name, names);
}

const Program::Recorded* Program::recorded(std::string_view name) const {
  const auto found = recorded_.find(name);
  return found == recorded_.end() ? nullptr : &found->second;
}

const PanelAddress* Program::panel_of(const AlertEntry& alert) const {
  const auto found = panels_.find(&alert);
  return found == panels_.end() ? nullptr : &found->second;
}

void Program::visit(const Expression& expression, std::set<const RuleEntry*>& seen,
                    std::vector<Recorded>& out, std::size_t depth) const {
  if (depth > kDeepest * 10) return;  // analyse() has told
  for (const auto& use : expression.analysis.uses) {
    const auto* below = recorded(use.metric);
    if (!below || !seen.insert(below->rule).second) continue;
    visit(of(*below->rule), seen, out, depth + 1);
    out.push_back(*below);
  }
}

std::vector<Program::Recorded> Program::rules_below(const Expression& expression) const {
  std::set<const RuleEntry*> seen;
  std::vector<Recorded> out;
  visit(expression, seen, out);
  return out;
}

std::vector<const RuleEntry*> Program::in_order(const Subject& subject) const {
  std::vector<const RuleEntry*> rules;
  for (const auto& rule : subject.rules) rules.push_back(&rule);
  std::ranges::stable_sort(rules, {}, [](const RuleEntry* rule) { return rule->record.value; });
  std::set<const RuleEntry*> seen;
  std::vector<Recorded> ordered;
  for (const auto* rule : rules) {
    if (!seen.insert(rule).second) continue;
    visit(of(*rule), seen, ordered);
    ordered.push_back({rule, &subject});
  }
  std::vector<const RuleEntry*> out;
  for (const auto& step : ordered) {
    if (step.subject == &subject) out.push_back(step.rule);
  }
  return out;
}

}  // namespace basewatch::catalog
