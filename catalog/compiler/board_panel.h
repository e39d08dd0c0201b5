#pragma once

#include <set>
#include <string>

#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/board_query.h"

namespace basewatch::catalog {

// The panel with its queries, units, limits and words; its place comes later.
PlannedPanel plan_panel(const PanelEntry& entry, const Scope& scope, Program& program,
                        Diagnostics& diagnostics);

// Adds every $name and ${name} of the text. A regular expression may end in '$'.
void collect_variables(std::string_view text, std::set<std::string>& names);

}  // namespace basewatch::catalog
