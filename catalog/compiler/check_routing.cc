#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"
#include "catalog/compiler/routes.h"

namespace basewatch::catalog {
namespace {

// Alertmanager takes a label that both sides lack for equal, and one that a single side lacks for
// different; neither says a word. So both sides have to carry every label of `equal`.
class InhibitionCheck {
 public:
  InhibitionCheck(const Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {
    for (const auto* subject : program.subjects()) {
      for (const auto& alert : subject->alerts) alerts_.emplace(alert.name.value, &alert);
    }
  }

  void run() {
    for (const auto& inhibition : program_.site().routing.inhibitions) {
      for (const auto& name : inhibition.sources) check(inhibition, name, "source");
      for (const auto& name : inhibition.targets) {
        check(inhibition, name, "target");
        if (std::ranges::find(inhibition.sources, name.value, &Text::value) !=
            inhibition.sources.end()) {
          report(diagnostics_, name.where, "inhibition-self",
                 fmt::format("{} is source and target: Alertmanager lets no alert silence its own "
                             "kind, so remove it from one of them",
                             name.value));
        }
      }
    }
  }

 private:
  void check(const Inhibition& inhibition, const Text& name, std::string_view side) {
    const auto found = alerts_.find(name.value);
    if (found == alerts_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, alert] : alerts_) names.push_back(known);
      const auto guess = nearest(name.value, names);
      report(diagnostics_, name.where, "unknown-alert",
             fmt::format("there is no alert {}{}", name.value,
                         guess.empty() ? "" : fmt::format(": did you mean {}?", guess)));
      return;
    }
    const auto& alert = *found->second;
    const auto& labels = program_.of(alert).analysis.labels;
    if (labels.open) return;  // may carry anything
    for (const auto& label : inhibition.equal) {
      if (labels.names.contains(label.value) || alert.labels.contains(label.value)) continue;
      const auto carried = labels.names.empty() ? "none" : join(labels.names, ", ");
      report(diagnostics_, name.where, "inhibition-label",
             fmt::format("the {} {} has no label '{}', so this would never be equal; it has {}",
                         side, name.value, label.value, carried));
    }
  }

  const Program& program_;
  Diagnostics& diagnostics_;
  std::map<std::string, const AlertEntry*> alerts_;
};

// How many groups of recording rules stand between what is scraped and an expression: each is
// evaluated at its own moment, up to one interval after the one it reads.
class GroupCount {
 public:
  explicit GroupCount(const Program& program) : program_(program) {}

  // `group` is the subject whose recording group the expression stands in; null for an alert.
  int below(const Expression& expression, const Subject* group, int depth = 0) {
    int most = 0;
    if (depth > kDeepest) return most;  // an error of its own
    for (const auto& use : expression.analysis.uses) {
      const auto* recorded = program_.recorded(use.metric);
      if (!recorded) continue;
      const auto [known, is_new] = below_rule_.emplace(recorded->rule, 0);  // 0 also ends a circle
      if (is_new) known->second = below(program_.of(*recorded->rule), recorded->subject, depth + 1);
      most = std::max(most, known->second + (recorded->subject == group ? 0 : 1));
    }
    return most;
  }

 private:
  static constexpr int kDeepest = 50;

  const Program& program_;
  std::map<const RuleEntry*, int> below_rule_;
};

// The quickest route that is open at any hour.
const Route* quickest_route(const Routing& routing, const AlertEntry& alert) {
  const Route* quickest = nullptr;
  for (const auto* route : routes_of(routing, alert)) {
    if (!route->active.empty()) continue;
    if (!quickest || longest_wait(*route, alert) < longest_wait(*quickest, alert)) quickest = route;
  }
  return quickest;
}

Duration rounded_up(Duration span, Duration grid) {
  return (span + grid - Duration(1)) / grid * grid;
}

}  // namespace

void check_inhibitions(const Program& program, Diagnostics& diagnostics) {
  InhibitionCheck(program, diagnostics).run();
}

void check_instant(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics) {
  const auto& site = program.site();
  const auto& routing = site.routing;
  if (alert.alert_class != AlertClass::instant || routing.routes.empty()) return;
  if (alert.lowered) return;  // the site's tier says that nobody has to hear of it so soon
  const auto* route = quickest_route(routing, alert);
  if (!route) {
    report(
        diagnostics, alert.where, "instant-route",
        fmt::format("{} is of class instant, but no route takes {} at any hour: give it a higher "
                    "priority",
                    alert.name.value, alert.priority));
    return;
  }
  const auto groups = GroupCount(program).below(program.of(alert), nullptr);
  const auto evaluations = site.evaluation_interval * (1 + groups);
  const auto hold = rounded_up(alert.hold, site.evaluation_interval);
  const auto wait = longest_wait(*route, alert);
  const auto total =
      site.scrape_interval + site.scrape_timeout + evaluations + hold + wait + routing.delivery;
  if (total <= routing.instant_within) return;
  report(
      diagnostics, alert.where, "instant-budget",
      fmt::format("{} would arrive up to {} after the break, later than the {} of class instant: "
                  "scrape {} + timeout {} + evaluation {}{} + for {} + wait in route '{}' {} + "
                  "delivery {}; shorten the intervals or 'for', or let the site say instant_within",
                  alert.name.value, format_duration(total), format_duration(routing.instant_within),
                  format_duration(site.scrape_interval), format_duration(site.scrape_timeout),
                  format_duration(evaluations), groups > 0 ? " (of recorded series, too)" : "",
                  format_duration(hold), route->name, format_duration(wait),
                  format_duration(routing.delivery)));
}

}  // namespace basewatch::catalog
