#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/promql/regex.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

constexpr std::string_view kOffered = "basewatch_target_info";

bool reads(const Expression& expression, std::string_view metric) {
  return std::ranges::any_of(expression.analysis.uses,
                             [&](const auto& use) { return use.metric == metric; });
}

bool lets_through(const promql::Matcher& matcher, const std::string& job) {
  switch (matcher.op) {
    case promql::MatchOp::equal:
      return matcher.value == job;
    case promql::MatchOp::not_equal:
      return matcher.value != job;
    case promql::MatchOp::regex:
      return promql::full_match(matcher.value, job);
    case promql::MatchOp::not_regex:
      return !promql::full_match(matcher.value, job);
  }
  return false;
}

// An alert's expression is empty, and so silent, when what it reads is not there. What has to
// notice instead: an alert on targets that fail (`up` of the job), and one on targets that
// Prometheus does not have although the agent offers them (basewatch_target_info unless up).
class AbsenceCheck {
 public:
  AbsenceCheck(const Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {
    for (const auto* subject : program.subjects()) {
      for (const auto& alert : subject->alerts) {
        const auto& expression = program.of(alert);
        if (!reads(expression, "up")) continue;
        if (reads(expression, kOffered)) {
          missing_targets_ = true;
        } else {
          on_up_.push_back(&expression);
        }
      }
    }
    if (const auto* offered = program.series().find(kOffered)) agent_ = offered->subject;
  }

  void check(const AlertEntry& alert) {
    if (alert.absence == Absence::none || !agent_) return;
    for (const auto* subject : emitters(alert)) {
      if (!failing_target_seen(*subject)) {
        tell(alert,
             fmt::format("no alert on 'up' sees that the targets of {} fail", subject->exporter));
      }
      // The agent's own target is written by hand, as those of foreign programs are: no agent could
      // offer them.
      if (subject != agent_ && !subject->foreign && !missing_targets_) {
        tell(alert,
             fmt::format("no alert on '{} unless up' sees that Prometheus lacks the targets of "
                         "{}",
                         kOffered, subject->exporter));
      }
    }
  }

 private:
  void tell(const AlertEntry& alert, const std::string& reason) {
    report(diagnostics_, alert.where, "absence",
           fmt::format("{} is silent when its series are gone, and {}: add one, or write absence: "
                       "{{none: REASON}}",
                       alert.name.value, reason));
  }

  std::set<const Subject*> emitters(const AlertEntry& alert) const {
    std::set<const Subject*> subjects;
    const auto add = [&](const Expression& expression) {
      for (const auto& use : expression.analysis.uses) {
        const auto* series = program_.series().find(use.metric);
        if (series && series->subject) subjects.insert(series->subject);
      }
    };
    const auto& expression = program_.of(alert);
    add(expression);
    for (const auto& below : program_.rules_below(expression)) add(program_.of(*below.rule));
    return subjects;
  }

  bool failing_target_seen(const Subject& subject) const {
    const auto* jobs = jobs_of(program_.site(), subject.exporter);
    if (!jobs) return true;  // not scraped by itself
    return std::ranges::all_of(*jobs, [&](const std::string& job) {
      return std::ranges::any_of(on_up_, [&](const Expression* expression) {
        return std::ranges::any_of(expression->analysis.uses, [&](const promql::Use& use) {
          return use.metric == "up" && sees(use, job);
        });
      });
    });
  }

  static bool sees(const promql::Use& use, const std::string& job) {
    return std::ranges::all_of(use.matchers, [&](const promql::Matcher& matcher) {
      return matcher.label != "job" || lets_through(matcher, job);
    });
  }

  const Program& program_;
  Diagnostics& diagnostics_;
  std::vector<const Expression*> on_up_;
  bool missing_targets_ = false;
  const Subject* agent_ = nullptr;  // who offers the targets; a catalog without it has no targets
};

// The product of the budgets, as far as it can be counted.
std::int64_t product_of(const Budget& budget, std::int64_t limit) {
  std::int64_t product = 1;
  for (const auto& [label, most] : budget) {
    if (most > limit / product) return limit + 1;
    product *= most;
  }
  return product;
}

std::string factors_of(const Budget& budget) {
  std::vector<std::string> factors;
  for (const auto& [label, most] : budget) factors.push_back(fmt::format("{} {}", most, label));
  return join(factors, " x ");
}

}  // namespace

void check_absence(const Program& program, Diagnostics& diagnostics) {
  AbsenceCheck check(program, diagnostics);
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) check.check(alert);
  }
}

void check_cardinality(const Program& program, Diagnostics& diagnostics) {
  const auto limit = program.site().series_per_metric;
  const auto check = [&](std::string_view name, const Location& where, const Budget& budget) {
    if (product_of(budget, limit) <= limit) return;
    report(
        diagnostics, where, "cardinality",
        fmt::format("{} may have {} series, more than the site's series_per_metric of {}: drop a "
                    "label, lower what it may take, or raise series_per_metric",
                    name, factors_of(budget), limit));
  };
  for (const auto* subject : program.subjects()) {
    for (const auto& metric : subject->metrics) {
      check(metric.spec.name, metric.where, metric.budget);
    }
    for (const auto& family : subject->families) {
      check(family.spec.pattern, family.where, family.budget);
    }
  }
}

}  // namespace basewatch::catalog
