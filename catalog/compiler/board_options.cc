#include <nlohmann/json.hpp>

#include "catalog/compiler/board_json.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

Json legend(const PlannedPanel& panel) {
  // One line that has no other name than the panel's title.
  const bool is_alone = panel.queries.size() == 1 && panel.queries.front().legend.empty();
  return {{"displayMode", "list"},
          {"placement", "bottom"},
          {"showLegend", panel.entry->legend && !is_alone},
          {"calcs", Json::array()}};
}

Json reduce() {
  return {{"calcs", Json::array({"lastNotNull"})}, {"fields", ""}, {"values", false}};
}

Json heatmap_options(const PlannedPanel& panel) {
  return {{"calculate", false},
          {"cellGap", 1},
          {"color",
           {{"mode", "scheme"},
            {"scheme", "Oranges"},
            {"steps", 64},
            {"exponent", 0.5},
            {"fill", "dark-orange"},
            {"reverse", false}}},
          {"exemplars", {{"color", "rgba(255,0,255,0.7)"}}},
          {"filterValues", {{"le", 1e-9}}},
          {"legend", {{"show", panel.entry->legend}}},
          {"rowsFrame", {{"layout", "auto"}}},
          {"showValue", "never"},
          {"tooltip", {{"mode", "single"}, {"showColorScale", false}, {"yHistogram", false}}},
          {"yAxis", {{"axisPlacement", "left"}, {"reverse", false}, {"unit", panel.unit}}}};
}

}  // namespace

Json panel_options(const PlannedPanel& panel) {
  switch (panel.kind) {
    case PanelKind::timeseries:
      return {{"legend", legend(panel)}, {"tooltip", {{"mode", "multi"}, {"sort", "desc"}}}};
    case PanelKind::stat:
      return {{"reduceOptions", reduce()},
              {"colorMode",
               panel.limits.empty() && panel.entry->states.empty() ? "none" : "background"},
              {"graphMode", "none"},
              {"justifyMode", "auto"},
              {"orientation", "auto"},
              {"textMode", "auto"},
              {"wideLayout", true},
              {"showPercentChange", false},
              {"percentChangeColorMode", "standard"}};
    case PanelKind::gauge:
      return {{"reduceOptions", reduce()},
              {"orientation", "auto"},
              {"showThresholdLabels", false},
              {"showThresholdMarkers", true},
              {"sizing", "auto"},
              {"minVizHeight", 75},
              {"minVizWidth", 75}};
    case PanelKind::bargauge:
      return {{"reduceOptions", reduce()},
              {"displayMode", "basic"},
              {"orientation", "horizontal"},
              {"valueMode", "color"},
              {"namePlacement", "auto"},
              {"showUnfilled", true},
              {"sizing", "auto"},
              {"minVizWidth", 8},
              {"minVizHeight", 16},
              {"maxVizHeight", 300},
              {"legend",
               {{"calcs", Json::array()},
                {"displayMode", "list"},
                {"placement", "bottom"},
                {"showLegend", false}}}};
    case PanelKind::heatmap:
      return heatmap_options(panel);
    case PanelKind::table:
      return {{"showHeader", true},
              {"cellHeight", "sm"},
              {"frameIndex", 0},
              {"footer",
               {{"show", false},
                {"reducer", Json::array({"sum"})},
                {"countRows", false},
                {"fields", Json::array()}}}};
    case PanelKind::state_timeline:
      return {{"legend", legend(panel)}, {"tooltip", {{"mode", "single"}, {"sort", "none"}}},
              {"mergeValues", true},     {"showValue", "never"},
              {"alignValue", "left"},    {"rowHeight", 0.9}};
    case PanelKind::logs:
      return {{"showTime", true},
              {"showLabels", false},
              {"showCommonLabels", false},
              {"wrapLogMessage", true},
              {"prettifyLogMessage", false},
              {"enableLogDetails", true},
              {"dedupStrategy", "none"},
              {"sortOrder", "Descending"},
              {"showLogContextToggle", false}};
    case PanelKind::text:
      return {{"mode", "markdown"},
              {"content", panel.entry->text.value},
              {"code",
               {{"language", "plaintext"}, {"showLineNumbers", false}, {"showMiniMap", false}}}};
  }
  return Json::object();
}

}  // namespace basewatch::catalog
