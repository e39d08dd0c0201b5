#include "catalog/compiler/uses.h"

namespace basewatch::catalog {

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
  }
  return users;
}

}  // namespace basewatch::catalog
