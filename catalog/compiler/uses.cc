#include "catalog/compiler/uses.h"

#include <functional>

#include "catalog/compiler/promql/parser.h"

namespace basewatch::catalog {
namespace {

void visit_selectors(const promql::Expr& expr,
                     const std::function<void(const std::string&)>& visit) {
  if (expr.kind == promql::Kind::selector) visit(expr.text);
  for (const auto& arg : expr.args) visit_selectors(*arg, visit);
}

}  // namespace

UseIndex::UseIndex(const Program& program) {
  for (const auto* subject : program.subjects()) {
    for (const auto& rule : subject->rules) {
      for (const auto& use : program.of(rule).analysis.uses) {
        users_[use.metric].rules.insert(rule.record.value);
      }
    }
    for (const auto& alert : subject->alerts) {
      const auto& expression = program.of(alert);
      const auto read_by = [&](const Expression& read) {
        for (const auto& use : read.analysis.uses) {
          users_[use.metric].alerts.insert(alert.name.value);
        }
      };
      read_by(expression);
      for (const auto& below : program.rules_below(expression)) read_by(program.of(*below.rule));
    }
    for (const auto& board : subject->boards) add_board(board, program.site());
  }
}

// A panel that shows an alert is found by way of the alert.
void UseIndex::add_board(const BoardEntry& board, const Site& site) {
  const auto add = [&](const std::string& name) { users_[name].boards.insert(board.name.value); };
  for (const auto& row : board.rows) {
    for (const auto& panel : row.panels) {
      for (const auto& query : panel.queries) {
        if (!query.metric.empty()) add(query.metric.value);
        if (query.expr.empty()) continue;
        Diagnostics told_already;
        try {
          const auto text = expand_expression(query.expr, site, told_already).text.value;
          visit_selectors(*promql::parse(text), add);
        } catch (const promql::SyntaxError&) {  // the check of boards has told
        }
      }
    }
  }
}

const UseIndex::Users& UseIndex::of(std::string_view name) const {
  static const Users nobody;
  const auto found = users_.find(name);
  return found == users_.end() ? nobody : found->second;
}

UseIndex::Users UseIndex::of_metric(std::string_view name, MetricType type) const {
  auto users = of(name);
  if (type != MetricType::histogram && type != MetricType::summary) return users;
  for (const auto* part : {"_bucket", "_sum", "_count"}) {
    const auto& more = of(std::string(name) + part);
    users.rules.insert(more.rules.begin(), more.rules.end());
    users.alerts.insert(more.alerts.begin(), more.alerts.end());
    users.boards.insert(more.boards.begin(), more.boards.end());
  }
  return users;
}

}  // namespace basewatch::catalog
