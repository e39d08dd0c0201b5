#pragma once

#include "agent/base/diagnostics.h"
#include "catalog/compiler/board_plan.h"

namespace basewatch::catalog {

inline constexpr int kBoardColumns = 24;

// The panel's size: what is written, or what its kind has.
Grid panel_size(const PanelEntry& panel, PanelKind kind);

// Gives every row and panel its place: panels flow from left to right into lines, all panels of a
// line as high as the highest. A line that the next panel does not fit into must be full, or a hole
// would stay: an error, with the code row-width.
void lay_out(PlannedBoard& board, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
