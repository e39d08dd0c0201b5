#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {

// A test of an alert that the site's named targets bring along.
struct NamedTargetCase {
  std::string name;
  bool fires = false;
  TestPlan plan;
};

// Whether the site's targets stand in the alert or in a rule below it.
bool names_targets(const Program& program, const AlertEntry& alert);

// For such an alert, what has to hold for these very targets: it is quiet while Prometheus has all,
// and fires for each one alone that is missing. None for texts that only Prometheus can fill in.
std::vector<NamedTargetCase> named_target_cases(const Program& program, const AlertEntry& alert);

}  // namespace basewatch::catalog
