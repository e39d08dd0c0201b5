#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// A test case of an alert as promtool wants it: every label written out.
struct TestPlan {
  std::vector<std::pair<std::string, std::string>>
      series;                                 // name{labels} -> values, a value a minute
  std::map<std::string, std::string> labels;  // of the alert that must fire
  std::string summary, description;
};

// Completes a case with what the compiler knows: the labels of the target, those that the alert
// carries, the texts that do not vary. What it cannot know and the case does not say is an error.
TestPlan plan_test(const Program& program, const AlertEntry& alert, const TestCase& test,
                   bool fires, Diagnostics& diagnostics);

// The labels that the alert puts on its result: severity, priority, class, its own.
std::map<std::string, std::string> static_labels(const AlertEntry& alert);

}  // namespace basewatch::catalog
