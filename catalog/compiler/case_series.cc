#include "catalog/compiler/case_series.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/compiler/report.h"

namespace basewatch::catalog {

CaseSeries::CaseSeries(const Program& program, const Expression& expression,
                       Diagnostics& diagnostics)
    : program_(program), expression_(expression), diagnostics_(diagnostics) {
  uses_ = expression.analysis.uses;
  for (const auto& below : program.rules_below(expression)) {
    const auto& more = program.of(*below.rule).analysis.uses;
    uses_.insert(uses_.end(), more.begin(), more.end());
  }
}

void CaseSeries::add(const std::vector<std::pair<Text, Text>>& series) {
  for (const auto& [name, values] : series) {
    check_test_values(values, diagnostics_);
    auto parsed = parse_test_series(program_, name, diagnostics_);
    if (!parsed) continue;
    auto text = parsed->text();
    if (!names_.insert(text).second) {
      report(
          diagnostics_, name.where, "test-series",
          fmt::format("the series {} stands twice in this case, once all its labels are filled in",
                      text));
    }
    written_.emplace_back(std::move(text), values.value);
    series_.push_back(std::move(*parsed));
  }
}

std::set<std::string> CaseSeries::values_of(const std::string& label) const {
  std::set<std::string> values, matched;
  for (const auto& series : series_) {
    const bool used = std::ranges::find(uses_, series.name, &promql::Use::metric) != uses_.end();
    const auto found = series.labels.find(label);
    if (used && found != series.labels.end()) values.insert(found->second);
  }
  if (values.size() == 1) return values;
  for (const auto& use : uses_) {
    for (const auto& matcher : use.matchers) {
      if (matcher.label == label && matcher.op == promql::MatchOp::equal &&
          !matcher.value.empty()) {
        matched.insert(matcher.value);
      }
    }
  }
  const bool pinned = expression_.analysis.labels.pinned.contains(label);
  return pinned && matched.size() == 1 ? matched : values;
}

}  // namespace basewatch::catalog
