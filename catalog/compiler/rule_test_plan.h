#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// A test of a rule as promtool wants it: every label written out.
struct RuleTestPlan {
  std::vector<std::pair<std::string, std::string>> series;   // name{labels} -> values
  std::vector<std::pair<std::string, std::string>> samples;  // record{labels} -> value
};

// Completes a case with the labels that the series leave no choice about. What the compiler cannot
// know and the case does not say is an error.
RuleTestPlan plan_rule_test(const Program& program, const RuleEntry& rule, const RuleTest& test,
                            Diagnostics& diagnostics);

}  // namespace basewatch::catalog
