#include "catalog/compiler/board_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

Grid default_size(PanelKind kind) {
  switch (kind) {
    case PanelKind::stat:
      return {0, 0, 4, 4};
    case PanelKind::gauge:
      return {0, 0, 6, 6};
    case PanelKind::bargauge:
      return {0, 0, 8, 8};
    case PanelKind::table:
      return {0, 0, 24, 8};
    case PanelKind::logs:
      return {0, 0, 24, 10};
    case PanelKind::text:
      return {0, 0, 24, 3};
    case PanelKind::timeseries:
    case PanelKind::heatmap:
    case PanelKind::state_timeline:
      break;
  }
  return {0, 0, 12, 8};
}

// The line that was filled: all as high as the highest.
void close_line(std::span<PlannedPanel> line, int& y) {
  int height = 0;
  for (const auto& panel : line) height = std::max(height, panel.grid.height);
  for (auto& panel : line) panel.grid.height = height;
  y += height;
}

void fill_row(PlannedRow& row, int& y, Diagnostics& diagnostics) {
  std::size_t begin = 0;
  int x = 0;
  for (std::size_t i = 0; i < row.panels.size(); ++i) {
    auto& panel = row.panels[i];
    if (x + panel.grid.width > kBoardColumns) {
      if (x < kBoardColumns) {
        report(diagnostics, panel.entry->where, "row-width",
               fmt::format(
                   "this panel takes {} of {} columns, but only {} are left beside those before "
                   "it: make the widths of a line add up to {}",
                   panel.grid.width, kBoardColumns, kBoardColumns - x, kBoardColumns));
      }
      close_line(std::span(row.panels).subspan(begin, i - begin), y);
      begin = i;
      x = 0;
    }
    panel.grid.x = x;
    panel.grid.y = y;
    x += panel.grid.width;
  }
  close_line(std::span(row.panels).subspan(begin), y);
}

}  // namespace

Grid panel_size(const PanelEntry& panel, PanelKind kind) {
  auto size = default_size(kind);
  if (panel.width > 0) size.width = panel.width;
  if (panel.height > 0) size.height = panel.height;
  return size;
}

void lay_out(PlannedBoard& board, Diagnostics& diagnostics) {
  int y = 0;
  for (auto& row : board.rows) {
    row.grid = {0, y++, kBoardColumns, 1};
    // The panels of a closed row take no room until it is opened, when Grafana makes it.
    int inside = y;
    fill_row(row, inside, diagnostics);
    if (!row.entry->collapsed) y = inside;
  }
}

}  // namespace basewatch::catalog
