#include "catalog/compiler/board_panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/board_layout.h"
#include "catalog/compiler/board_panel_unit.h"
#include "catalog/compiler/board_unit.h"
#include "catalog/compiler/board_words.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

const AlertEntry* find_alert(const Program& program, const std::string& name) {
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) {
      if (alert.name.value == name) return &alert;
    }
  }
  return nullptr;
}

class PanelPlanner {
 public:
  PanelPlanner(const PanelEntry& entry, const Scope& scope, Program& program,
               Diagnostics& diagnostics)
      : entry_(entry), scope_(scope), program_(program), diagnostics_(diagnostics) {}

  PlannedPanel plan() {
    panel_.entry = &entry_;
    panel_.kind = entry_.kind.value_or(PanelKind::timeseries);
    for (const auto& query : entry_.queries) plan_query(query);
    for (const auto& limit : entry_.limits) add_limit(limit);
    const bool states =
        !panel_.limits.empty() && std::ranges::all_of(panel_.limits, [](const Limit& limit) {
          return limit.op == "==" || limit.op == "!=";
        });
    if (!entry_.kind && states) panel_.kind = PanelKind::state_timeline;
    finish_texts();
    finish_unit();
    check_legends();
    panel_.grid = panel_size(entry_, panel_.kind);
    return std::move(panel_);
  }

 private:
  void error(const Location& where, std::string_view code, std::string message) {
    report(diagnostics_, where, code, std::move(message));
  }

  void plan_query(const PanelQuery& query) {
    if (!query.logql.empty()) {
      if (!query.logql.value.starts_with('{')) {
        error(query.logql.where, "syntax",
              "a logql begins with the streams it reads: {job=\"...\"} |= ...");
      }
      panel_.queries.push_back({query.logql.value, query.legend.value, query.name, "none", {}});
    } else if (!query.metric.empty()) {
      plan_metric(query);
    } else if (!query.alerts.empty()) {
      plan_alerts(query);
    } else if (auto expression = read(query.expr); expression.tree) {
      add(query, std::move(expression));
    }
  }

  Expression read(const Text& text) {
    auto expression = program_.analyse(text);
    program_.report_findings(expression);
    check_expression(program_, expression, diagnostics_);
    if (!expression.tree) return expression;
    for (const auto& use : expression.analysis.uses) explain(use.metric);
    const auto type = expression.analysis.type;
    if (type != promql::ValueType::instant_vector && type != promql::ValueType::scalar) {
      error(text.where, "syntax",
            fmt::format("a panel draws a vector or a number, not a {}: write rate(...) or the like "
                        "around it",
                        promql::value_type_name(type)));
    }
    return expression;
  }

  // A counter as its rate, a histogram as its buckets, anything else as it is.
  void plan_metric(const PanelQuery& query) {
    const auto& name = query.metric.value;
    const auto declared = find_metric(program_.subjects(), name);
    const auto is = [&](MetricType type) { return declared && declared->type == type; };
    Text text{name, query.metric.where};
    if (is(MetricType::histogram) && panel_.kind != PanelKind::heatmap) {
      return error(query.metric.where, "histogram",
                   fmt::format("{0} is a histogram: write 'kind: heatmap', or an expr such as "
                               "histogram_quantile(0.95, sum by (le) (rate({0}_bucket[5m])))",
                               name));
    }
    if (is(MetricType::histogram))
      text.value = fmt::format("sum by (le) (rate({}_bucket[5m]))", name);
    if (is(MetricType::counter)) text.value = fmt::format("rate({}[5m])", name);
    if (!declared && !program_.resolve(name)) {
      return error(query.metric.where, "unknown-metric", program_.why_unknown(name));
    }
    auto expression = read(text);
    if (!expression.tree) return;
    if (declared) help_ = declared->help;
    add(query, std::move(expression));
    if (title_.empty()) title_ = declared ? title_of(declared->help) : name;
  }

  void plan_alerts(const PanelQuery& query) {
    const AlertEntry* first = nullptr;
    std::string drawn;
    std::vector<Limit> limits;
    for (const auto& name : query.alerts) {
      const auto* alert = find_alert(program_, name.value);
      if (!alert) {
        error(name.where, "unknown-alert", why_unknown_alert(name.value));
        continue;
      }
      panel_.alerts.push_back(alert);
      const auto& expression = program_.of(*alert);
      if (!expression.tree) continue;
      const auto parts = split_alert(*expression.tree);
      std::string all;
      for (const auto& part : parts) all += promql::print(*part.drawn) + "\n";
      if (first && all != drawn) {
        error(name.where, "alerts-differ",
              fmt::format("{} compares something else than {}: give it a panel of its own",
                          alert->name.value, first->name.value));
        continue;
      }
      if (!query.sides.empty() && query.sides.size() != parts.size()) {
        error(query.sides.front().where, "sides",
              parts.size() == 1
                  ? fmt::format("{} compares nothing but a limit: remove 'sides'", alert->name.value)
                  : fmt::format("{} compares {} things that change: 'sides' is to name each",
                                alert->name.value, parts.size()));
        continue;
      }
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].limit) add_alert_limit(*parts[i].limit, *alert, limits);
        if (!first) draw(query, parts, i, *alert);
      }
      if (!first) {
        first = alert;
        drawn = all;
      }
    }
    if (first && title_.empty()) title_ = first->name.value;
    if (panel_.kind == PanelKind::table && first && !panel_.queries.empty()) {
      panel_.queries.back().steps = color_steps(limits, "text");
    } else {
      panel_.limits.insert(panel_.limits.end(), limits.begin(), limits.end());
    }
  }

  static void add_alert_limit(Limit limit, const AlertEntry& alert, std::vector<Limit>& limits) {
    limit.critical = alert.severity == AlertSeverity::critical;
    if (std::ranges::find(limits, limit) == limits.end()) limits.push_back(limit);
  }

  // A part of an expression that was analysed whole: there is nothing left to find in it.
  void draw(const PanelQuery& query, const std::vector<AlertPart>& parts, std::size_t which,
            const AlertEntry& alert) {
    const auto& part = parts[which];
    auto text = promql::print(*part.drawn);
    if (entry_.only_bad && part.limit) {
      text = fmt::format("({}) {} {}", text, part.limit->op, format_double(part.limit->value));
    }
    auto expression = program_.analyse(Text{text, alert.expr.where});
    if (!expression.tree) return;
    for (const auto& use : expression.analysis.uses) explain(use.metric);
    if (parts.size() == 1) return add(query, std::move(expression), true);
    auto named = query;
    named.name = query.sides.empty() ? promql::print(*part.drawn) : query.sides[which].value;
    add(named, std::move(expression), true);
  }

  void add(const PanelQuery& query, Expression expression, bool own_range = false) {
    PlannedQuery planned;
    planned.name = query.name;
    planned.unit = panel_unit(query, entry_, panel_.kind, *expression.tree, program_, diagnostics_);
    planned.expr = scoped(*expression.tree, scope_, own_range || query.keep_range, program_);
    if (planned.unit == "dateTimeFromNow") planned.expr = fmt::format("1000 * ({})", planned.expr);
    planned.legend = legend(query, expression.analysis.labels);
    panel_.queries.push_back(std::move(planned));
  }

  std::string legend(const PanelQuery& query, const promql::LabelSet& labels) const {
    if (!query.legend.empty()) return query.legend.value;
    if (panel_.kind == PanelKind::heatmap) return "{{le}}";
    const auto varying = varying_labels(labels, scope_, entry_.hide);
    const bool unnamed = varying.empty() && query.name.empty();
    if (unnamed && panel_.kind == PanelKind::state_timeline && labels.names.contains("node")) {
      return "{{node}}";  // its only line would else be called what the panel is
    }
    if (query.name.empty()) return varying;
    return varying.empty() ? query.name : varying + " " + query.name;
  }

  void add_limit(const PanelLimit& limit) {
    const auto expanded =
        expand_annotation(limit.condition, program_.site(), diagnostics_).text.value;
    std::string_view rest = trim(expanded);
    std::string op;
    for (const std::string_view known : {">=", "<=", "==", "!=", ">", "<"}) {
      if (!rest.starts_with(known)) continue;
      op = known;
      rest.remove_prefix(known.size());
      break;
    }
    const auto value = parse_double(trim(rest));
    if (op.empty() || !value) {
      return error(
          limit.condition.where, "bad-limit",
          fmt::format("'{}' is no limit: write a comparison and a number, such as \"> 0.9\" or "
                      "\"< {{{{threshold.NAME}}}}\"",
                      printable(limit.condition.value)));
    }
    panel_.limits.push_back({op, *value, limit.critical});
  }

  void finish_texts() {
    panel_.title = entry_.title.empty() ? title_ : entry_.title.value;
    std::string key = entry_.key;
    if (key.empty() && is_alert_panel()) key = "alert:" + panel_.alerts.front()->name.value;
    // The title of a metric's panel is its help, which may be said better one day.
    const auto& first = entry_.queries.empty() ? Text() : entry_.queries.front().metric;
    if (key.empty() && entry_.title.empty()) key = first.value;
    if (key.empty()) key = panel_.title;
    panel_.id = panel_id(key);
    panel_.description = describe_panel(entry_.help.empty() ? help_ : entry_.help, panel_.alerts,
                                        explained_, program_);
    for (const auto* alert : panel_.alerts) {
      for (auto& link : alert_links(*alert, program_)) panel_.links.push_back(std::move(link));
    }
  }

  // The one to which links lead, under the alert's name whatever its title: shows the alert over
  // time.
  bool is_alert_panel() const {
    return !panel_.alerts.empty() &&
           (panel_.kind == PanelKind::timeseries || panel_.kind == PanelKind::state_timeline);
  }

  // A panel shows one unit; only a table has one for each of its columns.
  void finish_unit() {
    if (panel_.queries.empty()) {
      panel_.unit = "none";
      return;
    }
    panel_.unit = panel_.queries.front().unit;
    if (panel_.kind == PanelKind::table) return finish_columns();
    for (const auto& query : panel_.queries) {
      if (query.unit == panel_.unit || !entry_.unit.empty()) continue;
      return error(
          entry_.where, "units-differ",
          fmt::format("the queries of this panel have different units ({} and {}): make two "
                      "panels of it, or write the panel's 'unit'",
                      panel_.unit, query.unit));
    }
  }

  void finish_columns() {
    for (auto& query : panel_.queries) {
      if (query.name.empty() && panel_.queries.size() == 1) query.name = panel_.title;
      if (query.name.empty()) {
        error(entry_.where, "same-legend", "each query of a table needs a 'name' for its column");
      }
    }
  }

  void check_legends() {
    for (std::size_t i = 1; i < panel_.queries.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (panel_.queries[i].legend != panel_.queries[k].legend) continue;
        return error(entry_.where, "same-legend",
                     "two queries of this panel cannot be told apart: give each a 'name'");
      }
    }
  }

  std::string why_unknown_alert(const std::string& name) const {
    std::vector<std::string_view> known;
    for (const auto* subject : program_.subjects()) {
      for (const auto& alert : subject->alerts) known.push_back(alert.name.value);
    }
    const auto guess = nearest(name, known);
    return guess.empty()
               ? fmt::format("there is no alert '{}' in the catalog", printable(name))
               : fmt::format("there is no alert '{}': did you mean {}?", printable(name), guess);
  }

  void explain(const std::string& name) {
    if (std::ranges::find(explained_, name) == explained_.end()) explained_.push_back(name);
  }

  const PanelEntry& entry_;
  const Scope& scope_;
  Program& program_;
  Diagnostics& diagnostics_;
  PlannedPanel panel_;
  std::string title_, help_;            // where none is written
  std::vector<std::string> explained_;  // names that the panel reads
};

}  // namespace

PlannedPanel plan_panel(const PanelEntry& entry, const Scope& scope, Program& program,
                        Diagnostics& diagnostics) {
  return PanelPlanner(entry, scope, program, diagnostics).plan();
}

void collect_variables(std::string_view text, std::set<std::string>& names) {
  for (auto at = text.find('$'); at != text.npos; at = text.find('$', at + 1)) {
    auto rest = text.substr(at + 1);
    if (rest.starts_with('{')) rest.remove_prefix(1);
    std::size_t length = 0;
    while (length < rest.size() && is_label_name(rest.substr(0, length + 1))) ++length;
    if (length > 0) names.emplace(rest.substr(0, length));
  }
}

}  // namespace basewatch::catalog
