#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/compiler/board_alert.h"
#include "catalog/compiler/program.h"
#include "catalog/model/catalog.h"

// Boards with everything looked up, computed and laid out: what is left is writing it down as JSON.
namespace basewatch::catalog {

struct Grid {
  int x = 0, y = 0, width = 0, height = 0;  // of the board's 24 columns
};

struct PlannedQuery {
  std::string expr;
  std::string legend;
  std::string name;              // a table's column
  std::string unit;              // Grafana's id
  std::vector<ColorStep> steps;  // of a table's column
};

struct PanelLink {
  std::string title, url;
};

struct PlannedPanel {
  const PanelEntry* entry = nullptr;  // for its looks
  PanelKind kind = PanelKind::timeseries;
  int id = 0;
  std::string title, description, unit;
  Grid grid;
  std::vector<PlannedQuery> queries;
  std::vector<Limit> limits;
  std::vector<const AlertEntry*> alerts;
  std::vector<PanelLink> links;
};

struct PlannedRow {
  int id = 0;
  const RowEntry* entry = nullptr;
  Grid grid;
  std::vector<PlannedPanel> panels;
};

struct PlannedVariable {
  std::string name, title;
  std::string query;  // label_values(...); empty where there are options
  std::vector<std::string> options;
  bool multi = true;  // and has "All"
};

struct PlannedBoard {
  const BoardEntry* entry = nullptr;
  std::string uid;
  std::vector<std::string> tags;
  std::vector<std::string> alerts;  // those of the subject, for the annotations
  bool logs = false;                // needs a Loki
  bool by_instance = false;
  std::vector<PlannedVariable> variables;
  std::vector<PlannedRow> rows;
};

// All boards of catalog and site, in the order of subjects and files. What is wrong with them goes
// to `diagnostics`; what can be planned all the same is. The program outlives the plan.
std::vector<PlannedBoard> plan_boards(Program& program, Diagnostics& diagnostics);

std::optional<PanelAddress> panel_of(const std::vector<PlannedBoard>& boards,
                                     const AlertEntry& alert);
// The same for every alert, kept where the renderers find it.
void tell_panels(Program& program, const std::vector<PlannedBoard>& boards);

// The number by which Grafana knows a panel: of its key alone, so that it stays when others come,
// go or move. Greater than 0 and exact in JavaScript.
int panel_id(std::string_view key);

// The boards' own uid, from which links are made.
std::string board_uid(const BoardEntry& board);

}  // namespace basewatch::catalog
