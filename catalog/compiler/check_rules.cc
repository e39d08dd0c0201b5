#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"
#include "catalog/compiler/rule_test_plan.h"

namespace basewatch::catalog {
namespace {

// A matcher on `job` may only come from {{job.EXPORTER}}: a user may call his jobs anything.
void check_job_matchers(const Expression& expression, Diagnostics& diagnostics) {
  const auto& text = expression.text();
  const auto expanded = [&](std::size_t matcher) {
    const auto after_label = text.value.find_first_not_of(" \t\r\n", matcher + 3);
    return std::ranges::find(expression.expansion.job_operators, after_label) !=
           expression.expansion.job_operators.end();
  };
  for (const auto& use : expression.analysis.uses) {
    for (const auto& matcher : use.matchers) {
      if (matcher.label != "job" || expanded(matcher.offset)) continue;
      report(diagnostics, text.at(matcher.offset), "literal-job",
             fmt::format("the job '{}' may be called otherwise at the user's: write "
                         "job=\"{{{{job.EXPORTER}}}}\"",
                         printable(matcher.value)));
    }
  }
}

// Names that any program under Prometheus may have, also Prometheus itself.
bool is_of_any_program(std::string_view name) {
  return name.starts_with("process_") || name.starts_with("go_");
}

// A job tells apart what several exporters emit under one name, and elsewhere only hides series of
// a user who scrapes in another way.
void check_need_of_job(const Program& program, const Expression& expression,
                       Diagnostics& diagnostics) {
  for (const auto& use : expression.analysis.uses) {
    const auto* series = program.series().find(use.metric);
    const auto job = std::ranges::find(use.matchers, "job", &promql::Matcher::label);
    const bool has_job = job != use.matchers.end();
    if (is_of_any_program(use.metric)) {
      if (has_job) continue;
      report(diagnostics, expression.text().at(use.offset), "missing-job",
             fmt::format("every program has {0}, also Prometheus: say whose is meant, as in "
                         "{0}{{job=\"{{{{job.EXPORTER}}}}\"}}",
                         use.metric));
    } else if (has_job && series && series->subject) {
      report(diagnostics, expression.text().at(job->offset), "needless-job",
             fmt::format("only the exporter {} emits {}: leave the matcher on 'job' out",
                         series->subject->exporter, use.metric));
    }
  }
}

void check_ranges(const Program& program, const Expression& expression, Diagnostics& diagnostics) {
  const auto least = 4 * program.site().scrape_interval;
  for (const auto& use : expression.analysis.uses) {
    if (use.range == Duration::zero() || use.range >= least) continue;
    report(
        diagnostics, expression.text().at(use.offset), "short-range",
        fmt::format("[{}] holds fewer than four scrapes, which come every {}: write at least [{}]",
                    format_duration(use.range), format_duration(program.site().scrape_interval),
                    format_duration(least)));
  }
}

void check_record(const RuleEntry& rule, const Expression& expression, Diagnostics& diagnostics) {
  if (!expression.tree) return;
  const auto type = expression.analysis.type;
  if (type == promql::ValueType::instant_vector || type == promql::ValueType::scalar) return;
  report(diagnostics, rule.expr.at(0), "result-type",
         fmt::format("a rule records an instant vector, and this is a {}",
                     promql::value_type_name(type)));
}

std::vector<const PanelEntry*> panels_of(const Subject& subject) {
  std::vector<const PanelEntry*> panels;
  for (const auto& board : subject.boards) {
    for (const auto& row : board.rows) {
      for (const auto& panel : row.panels) panels.push_back(&panel);
    }
  }
  return panels;
}

}  // namespace

void check_expression(const Program& program, const Expression& expression,
                      Diagnostics& diagnostics) {
  check_job_matchers(expression, diagnostics);
  check_need_of_job(program, expression, diagnostics);
  check_ranges(program, expression, diagnostics);
}

void check_rule_tests(const Program& program, const RuleEntry& rule, bool of_the_site,
                      Diagnostics& diagnostics) {
  const bool tested =
      std::ranges::any_of(rule.tests, [](const RuleTest& test) { return !test.expect.empty(); });
  if (!tested && !of_the_site) {
    report(diagnostics, rule.record.where, "missing-test",
           fmt::format("the rule {} has no test in which it records something: write series and "
                       "what becomes of them under 'tests'",
                       rule.record.value));
  }
  if (!program.of(rule).tree) return;
  for (const auto& test : rule.tests) plan_rule_test(program, rule, test, diagnostics);
}

void check_rules(Program& program, Diagnostics& diagnostics) {
  std::set<std::string, std::less<>> used_names, used_thresholds;
  const auto note = [&](const Expression& expression) {
    for (const auto& use : expression.analysis.uses) used_names.insert(use.metric);
    for (const auto& name : expression.expansion.thresholds) used_thresholds.insert(name);
  };
  const auto note_text = [&](const Text& text) {
    for (const auto& [name, threshold] : program.site().thresholds) {
      if (text.value.find("threshold." + name) != std::string::npos) used_thresholds.insert(name);
    }
  };
  for (const auto* subject : program.subjects()) {
    for (const auto& rule : subject->rules) note(program.of(rule));
    for (const auto& alert : subject->alerts) {
      note(program.of(alert));
      note_text(alert.summary);
      note_text(alert.description);
    }
    for (const auto& panel : panels_of(*subject)) {
      for (const auto& limit : panel->limits) note_text(limit.condition);
      for (const auto& query : panel->queries) {
        used_names.insert(query.metric.value);
        note(program.analyse(query.expr));
      }
    }
  }
  for (const auto* subject : program.subjects()) {
    for (const auto& rule : subject->rules) {
      check_record(rule, program.of(rule), diagnostics);
      if (used_names.contains(rule.record.value) || !rule.documented_use.empty()) continue;
      report(diagnostics, rule.record.where, "unused-record",
             fmt::format("nothing uses {}: remove the rule, or say who needs it with 'used_by'",
                         rule.record.value));
    }
  }
  for (const auto& [name, threshold] : program.site().thresholds) {
    if (used_thresholds.contains(name)) continue;
    report(diagnostics, threshold.where, "unused-threshold",
           fmt::format("no rule, alert or panel uses the threshold {0}: remove it, or write "
                       "{{{{threshold.{0}}}}} where it belongs",
                       name));
  }
}

}  // namespace basewatch::catalog
