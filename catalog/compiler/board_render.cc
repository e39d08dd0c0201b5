#include <nlohmann/json.hpp>

#include "agent/base/strings.h"
#include "catalog/compiler/board_json.h"
#include "catalog/compiler/compiler.h"

// Boards in Grafana's classic model, which files are provisioned with and every Grafana from 10 on
// reads. Why this version and these fields: docs/boards.md.
namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 41;

std::string span_text(Duration span) {
  return format_duration(span);
}

Json link_to_others() {
  return {{"title", "Boards"},
          {"type", "dashboards"},
          {"tags", Json::array({"basewatch"})},
          {"asDropdown", true},
          {"includeVars", true},
          {"keepTime", true},
          {"icon", "external link"},
          {"targetBlank", false},
          {"tooltip", ""},
          {"url", ""}};
}

Json annotations(const PlannedBoard& board) {
  Json list = Json::array();
  list.push_back({{"name", "Annotations & Alerts"},
                  {"type", "dashboard"},
                  {"builtIn", 1},
                  {"datasource", {{"type", "grafana"}, {"uid", "-- Grafana --"}}},
                  {"enable", true},
                  {"hide", true},
                  {"iconColor", "rgba(0, 211, 255, 1)"}});
  if (!board.alerts.empty()) {
    // Only where one begins: a mark that lasts as long as the alert hides what is under it.
    const bool many = board.entry->nodes == BoardNodes::many;
    const auto firing = "ALERTS{alertstate=\"firing\",severity!=\"info\",alertname=~\"" +
                        join(board.alerts, "|") + "\",node" + (many ? "=~" : "=") + "\"$node\"}";
    list.push_back({{"name", "Alerts that begin"},
                    {"datasource", board_datasource(false)},
                    {"enable", true},
                    {"hide", false},
                    {"iconColor", "red"},
                    {"expr", firing + " unless " + firing + " offset 1m"},
                    {"titleFormat", "{{alertname}}"},
                    {"textFormat", "{{node}} {{severity}} {{priority}}"},
                    {"tagKeys", "severity"},
                    {"step", "1m"}});
  }
  return {{"list", std::move(list)}};
}

Json datasource_variable(const char* name, const char* label, const char* type) {
  return {{"name", name},
          {"label", label},
          {"type", "datasource"},
          {"query", type},
          {"current", {{"text", "default"}, {"value", "default"}}},
          {"hide", 0},
          {"includeAll", false},
          {"multi", false},
          {"refresh", 1},
          {"regex", ""},
          {"options", Json::array()}};
}

Json query_variable(const PlannedVariable& variable) {
  Json out{{"name", variable.name},   {"label", variable.title},
           {"type", "query"},         {"datasource", board_datasource(false)},
           {"query", variable.query}, {"definition", variable.query}};
  if (variable.multi) {
    out["current"] = {{"text", Json::array({"All"})}, {"value", Json::array({"$__all"})}};
  } else {
    out["current"] = {{"text", ""}, {"value", ""}};
  }
  out["includeAll"] = variable.multi;
  // Not ".+": a series without the label is shown, too.
  if (variable.multi) out["allValue"] = ".*";
  out["multi"] = variable.multi;
  out["refresh"] = 2;
  out["sort"] = 1;
  out["hide"] = 0;
  out["regex"] = "";
  out["options"] = Json::array();
  return out;
}

Json custom_variable(const PlannedVariable& variable) {
  Json options = Json::array();
  for (const auto& option : variable.options) {
    options.push_back({{"text", option}, {"value", option}, {"selected", options.empty()}});
  }
  const Json first = variable.options.front();
  Json current{{"text", first}, {"value", first}};
  if (variable.multi) {
    current = {{"text", Json::array({first})}, {"value", Json::array({first})}};
  }
  return {{"name", variable.name},
          {"label", variable.title},
          {"type", "custom"},
          {"query", join(variable.options, ",")},
          {"current", std::move(current)},
          {"includeAll", false},
          {"multi", variable.multi},
          {"hide", 0},
          {"options", std::move(options)}};
}

Json templating(const PlannedBoard& board) {
  Json list = Json::array();
  list.push_back(datasource_variable("datasource", "Data source", "prometheus"));
  if (board.logs) list.push_back(datasource_variable("loki_datasource", "Logs", "loki"));
  for (const auto& variable : board.variables) {
    list.push_back(variable.query.empty() ? custom_variable(variable) : query_variable(variable));
  }
  return {{"list", std::move(list)}};
}

// An open row is followed by its panels, a closed one holds them.
Json panels(const PlannedBoard& board) {
  Json list = Json::array();
  for (const auto& row : board.rows) {
    Json inside = Json::array();
    for (const auto& panel : row.panels) inside.push_back(panel_json(panel, board));
    const bool collapsed = row.entry->collapsed;
    list.push_back({{"id", row.id},
                    {"type", "row"},
                    {"title", row.entry->title.value},
                    {"collapsed", collapsed},
                    {"gridPos", grid_json(row.grid)},
                    {"panels", collapsed ? inside : Json::array()}});
    if (collapsed) continue;
    for (auto& panel : inside) list.push_back(std::move(panel));
  }
  return list;
}

Json board_json(const PlannedBoard& board) {
  const auto& entry = *board.entry;
  return {{"uid", board.uid},
          {"title", entry.title.value},
          {"description", entry.help},
          {"tags", board.tags},
          {"schemaVersion", kSchemaVersion},
          {"version", 1},
          {"editable", true},
          {"graphTooltip", 1},
          {"fiscalYearStartMonth", 0},
          {"refresh", span_text(entry.refresh)},
          {"time", {{"from", "now-" + span_text(entry.from)}, {"to", "now"}}},
          {"timezone", "browser"},
          {"timepicker", Json::object()},
          {"weekStart", ""},
          {"preload", false},
          {"links", Json::array({link_to_others()})},
          {"annotations", annotations(board)},
          {"templating", templating(board)},
          {"panels", panels(board)}};
}

}  // namespace

std::vector<Artefact> render_boards(const Catalog& catalog, const Site& site) {
  Diagnostics told_by_check;
  Program program(catalog, site, told_by_check);
  std::vector<Artefact> out;
  for (const auto& board : plan_boards(program, told_by_check)) {
    out.push_back(
        {"dashboards/" + board.entry->name.value + ".json", board_json(board).dump(2) + "\n"});
  }
  return out;
}

}  // namespace basewatch::catalog
