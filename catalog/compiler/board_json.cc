#include "catalog/compiler/board_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kKindIds[] = {"timeseries", "stat",           "gauge", "bargauge", "heatmap",
                                    "table",      "state-timeline", "logs",  "text"};

// Whole numbers without a point, as Grafana writes them.
Json number(double value) {
  if (std::nearbyint(value) == value && std::abs(value) < 1e15)
    return static_cast<std::int64_t>(value);
  return value;
}

Json steps_json(const std::vector<ColorStep>& steps) {
  Json list = Json::array();
  for (const auto& step : steps) {
    list.push_back(
        {{"color", step.color}, {"value", step.from ? number(*step.from) : Json(nullptr)}});
  }
  return {{"mode", "absolute"}, {"steps", std::move(list)}};
}

bool is_instant(PanelKind kind) {
  return kind == PanelKind::stat || kind == PanelKind::gauge || kind == PanelKind::bargauge ||
         kind == PanelKind::table;
}

// A number that no limit judges is neither good nor bad.
Json thresholds(const PlannedPanel& panel) {
  const bool line = panel.kind == PanelKind::timeseries;
  const auto good = line ? "transparent" : panel.limits.empty() ? "blue" : "green";
  return steps_json(color_steps(panel.limits, good));
}

Json mappings(const PlannedPanel& panel) {
  if (panel.entry->states.empty()) return Json::array();
  Json options = Json::object();
  int index = 0;
  for (const auto& state : panel.entry->states) {
    Json option{{"text", state.text}, {"index", index++}};
    if (!state.color.empty()) {
      option["color"] = state.color;
    } else if (!panel.limits.empty()) {
      option["color"] = color_at(panel.limits, state.value, "green");
    }
    options[format_double(state.value)] = std::move(option);
  }
  return Json::array({{{"type", "value"}, {"options", std::move(options)}}});
}

Json targets(const PlannedPanel& panel) {
  const bool loki = panel.kind == PanelKind::logs;
  Json list = Json::array();
  char ref = 'A';
  for (const auto& query : panel.queries) {
    Json target{{"datasource", board_datasource(loki)},
                {"refId", std::string(1, ref++)},
                {"expr", query.expr}};
    if (loki) {
      target["queryType"] = "range";
      target["editorMode"] = "code";
      list.push_back(std::move(target));
      continue;
    }
    target["legendFormat"] = query.legend.empty() ? panel.title : query.legend;
    target["editorMode"] = "code";
    target["range"] = !is_instant(panel.kind);
    target["instant"] = is_instant(panel.kind);
    if (panel.kind == PanelKind::table) target["format"] = "table";
    if (panel.kind == PanelKind::heatmap) target["format"] = "heatmap";
    list.push_back(std::move(target));
  }
  return list;
}

// Where anything above nothing is bad, an area would color the whole picture, also on a good day.
std::string threshold_style(const PlannedPanel& panel) {
  if (panel.limits.empty()) return "off";
  const bool all_above = std::ranges::all_of(
      panel.limits, [](const Limit& limit) { return limit.op.front() == '>' && limit.value <= 0; });
  return all_above ? "dashed" : "line+area";
}

Json timeseries_custom(const PlannedPanel& panel) {
  const bool stack = panel.entry->stack;
  Json custom{{"drawStyle", "line"},
              {"lineInterpolation", "linear"},
              {"lineWidth", 1},
              {"fillOpacity", stack ? 60 : 10},
              {"gradientMode", "none"},
              {"showPoints", "never"},
              {"spanNulls", false},
              {"axisPlacement", "auto"},
              {"scaleDistribution", {{"type", "linear"}}},
              {"stacking", {{"mode", stack ? "normal" : "none"}, {"group", "A"}}},
              {"thresholdsStyle", {{"mode", threshold_style(panel)}}}};
  if (panel.limits.empty()) return custom;
  // Far from its limit, a line would leave the limit outside the picture.
  double low = 0, high = 0;
  for (const auto& limit : panel.limits) {
    low = std::min(low, limit.value);
    high = std::max(high, limit.value);
  }
  if (!panel.entry->min) custom["axisSoftMin"] = number(low);
  if (!panel.entry->max) custom["axisSoftMax"] = number(high > low ? high * 1.25 : low + 1);
  return custom;
}

Json custom(const PlannedPanel& panel) {
  switch (panel.kind) {
    case PanelKind::timeseries:
      return timeseries_custom(panel);
    case PanelKind::state_timeline:
      return {{"fillOpacity", 70}, {"lineWidth", 0}};
    default:
      return nullptr;
  }
}

// A table of labels alone: `hide: [Value]`.
bool hides_value(const PlannedPanel& panel) {
  return std::ranges::find(panel.entry->hide, "Value") != panel.entry->hide.end();
}

// A table's columns have their own names, units and colors; the rest of the looks is the panel's.
Json overrides(const PlannedPanel& panel) {
  Json list = Json::array();
  if (panel.kind != PanelKind::table) return list;
  for (const auto& query : panel.queries) {
    if (hides_value(panel)) continue;
    Json properties = Json::array({{{"id", "unit"}, {"value", query.unit}}});
    if (query.steps.size() > 1) {
      properties.push_back({{"id", "thresholds"}, {"value", steps_json(query.steps)}});
      properties.push_back({{"id", "custom.cellOptions"}, {"value", {{"type", "color-text"}}}});
    }
    list.push_back({{"matcher", {{"id", "byName"}, {"options", query.name}}},
                    {"properties", std::move(properties)}});
  }
  return list;
}

Json field_config(const PlannedPanel& panel) {
  const bool by_series = panel.kind == PanelKind::timeseries || panel.kind == PanelKind::heatmap;
  // A table has a unit for each column; what remains are labels, and one of digits alone (a queryid)
  // is no number to be rounded. A heatmap has a unit for its axis; its cells are counts.
  const auto unit = panel.kind == PanelKind::table     ? "string"
                    : panel.kind == PanelKind::heatmap ? "none"
                                                       : panel.unit;
  Json defaults{{"unit", unit},
                {"color", {{"mode", by_series ? "palette-classic" : "thresholds"}}},
                {"mappings", mappings(panel)},
                {"thresholds", thresholds(panel)}};
  const auto& entry = *panel.entry;
  const bool zero_based =
      panel.kind == PanelKind::gauge || panel.kind == PanelKind::bargauge || entry.stack;
  const bool share = panel.unit == "percentunit" && zero_based && !entry.stack;
  if (entry.min || zero_based) defaults["min"] = number(entry.min.value_or(0));
  if (entry.max || share) defaults["max"] = number(entry.max.value_or(1));
  if (!entry.empty.empty()) defaults["noValue"] = entry.empty;
  if (entry.decimals) defaults["decimals"] = *entry.decimals;
  if (auto own = custom(panel); !own.is_null()) defaults["custom"] = std::move(own);
  return {{"defaults", std::move(defaults)}, {"overrides", overrides(panel)}};
}

// One line for each set of labels, whatever number of queries; columns that say nothing are left
// out.
Json transformations(const PlannedPanel& panel, const PlannedBoard& board) {
  Json list = Json::array();
  if (panel.kind != PanelKind::table) return list;
  std::vector<std::string> left_out{"Time", "__name__", "job"};
  if (!board.by_instance) left_out.emplace_back("instance");
  if (board.entry->nodes == BoardNodes::one) left_out.emplace_back("node");
  std::erase_if(left_out, [&](const std::string& name) {
    return std::ranges::find(panel.entry->show, name) != panel.entry->show.end();
  });
  left_out.insert(left_out.end(), panel.entry->hide.begin(), panel.entry->hide.end());
  // Before merging: two metrics would otherwise differ in their names, and never share a line.
  list.push_back({{"id", "filterFieldsByName"}, {"options", {{"exclude", {{"names", left_out}}}}}});
  const bool merged = panel.queries.size() > 1;
  if (merged) list.push_back({{"id", "merge"}, {"options", Json::object()}});
  Json names = Json::object();
  char ref = 'A';
  for (const auto& query : panel.queries) {
    if (hides_value(panel)) continue;
    names[merged ? std::string("Value #") + ref++ : "Value"] = query.name;
  }
  list.push_back({{"id", "organize"},
                  {"options",
                   {{"excludeByName", Json::object()},
                    {"indexByName", Json::object()},
                    {"renameByName", std::move(names)}}}});
  return list;
}

}  // namespace

Json grid_json(const Grid& grid) {
  return {{"x", grid.x}, {"y", grid.y}, {"w", grid.width}, {"h", grid.height}};
}

Json board_datasource(bool loki) {
  return {{"type", loki ? "loki" : "prometheus"},
          {"uid", loki ? "${loki_datasource}" : "${datasource}"}};
}

Json panel_json(const PlannedPanel& panel, const PlannedBoard& board) {
  Json out{{"id", panel.id},
           {"type", kKindIds[static_cast<std::size_t>(panel.kind)]},
           {"title", panel.title},
           {"description", panel.description}};
  if (panel.kind != PanelKind::text) {
    out["datasource"] = board_datasource(panel.kind == PanelKind::logs);
  }
  out["gridPos"] = grid_json(panel.grid);
  if (panel.kind != PanelKind::text) {
    out["targets"] = targets(panel);
    out["fieldConfig"] = field_config(panel);
  }
  out["options"] = panel_options(panel);
  if (auto list = transformations(panel, board); !list.empty())
    out["transformations"] = std::move(list);
  Json links = Json::array();
  for (const auto& link : panel.links) {
    links.push_back({{"title", link.title},
                     {"type", "link"},
                     {"tags", Json::array()},
                     {"asDropdown", false},
                     {"includeVars", false},
                     {"keepTime", false},
                     {"icon", "external link"},
                     {"targetBlank", true},
                     {"tooltip", ""},
                     {"url", link.url}});
  }
  if (!links.empty()) out["links"] = std::move(links);
  return out;
}

}  // namespace basewatch::catalog
