#pragma once

#include <string>

#include "catalog/compiler/program.h"
#include "catalog/model/board.h"

namespace basewatch::catalog {

// Grafana's id of what a query of a panel yields: of the unit written at the query, else at the
// panel, else of what the expression's metrics say. One that cannot be told is an error where the
// number is shown, and "none".
std::string panel_unit(const PanelQuery& query, const PanelEntry& panel, PanelKind kind,
                       const promql::Expr& tree, Program& program, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
