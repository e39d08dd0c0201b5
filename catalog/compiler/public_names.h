#pragma once

#include <string>
#include <vector>

#include "catalog/compiler/diff.h"

namespace basewatch::catalog {

// What users build on, one line each: its kind, its name and what of it may not change in silence:
//
//   metric node_load1 gauge
//   alert AgentDown critical P1 instant
//   panel basewatch-node 123 Load
//
// In order; a line that is gone or different is a breaking change.
std::vector<std::string> public_names(const Release& release);

// The labels that a recorded series may be joined and matched by, in order of name.
std::vector<std::string> recorded_labels(const Program& program, const RuleEntry& rule);

}  // namespace basewatch::catalog
