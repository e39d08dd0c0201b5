#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/board_plan.h"

namespace basewatch::catalog {

// A help sentence as a title: without its period.
std::string title_of(std::string_view help);

// What the (i) of a panel says, in Markdown: the help, or what the names it reads mean; then each
// alert with its condition and meaning.
std::string describe_panel(std::string_view help, const std::vector<const AlertEntry*>& alerts,
                           const std::vector<std::string>& names, const Program& program);

// To the alert's runbook, where the site has a place for them, and to its state.
std::vector<PanelLink> alert_links(const AlertEntry& alert, const Program& program);

}  // namespace basewatch::catalog
