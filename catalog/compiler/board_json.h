#pragma once

#include <nlohmann/json_fwd.hpp>

#include "catalog/compiler/board_plan.h"

namespace basewatch::catalog {

// A panel as Grafana's classic model writes it.
nlohmann::ordered_json panel_json(const PlannedPanel& panel, const PlannedBoard& board);

// What only panels of its kind have, all of it: Grafana fills in nothing of what a file leaves out.
nlohmann::ordered_json panel_options(const PlannedPanel& panel);

nlohmann::ordered_json grid_json(const Grid& grid);

// The data source that the board's variable names: Prometheus, or Loki for logs.
nlohmann::ordered_json board_datasource(bool loki);

}  // namespace basewatch::catalog
