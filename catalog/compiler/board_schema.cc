#include "catalog/compiler/board_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/base/strings.h"
#include "catalog/compiler/board_unit.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

// "uid:text title:text id?:number": a '?' marks what may be missing.
Keys parse_keys(std::string_view words) {
  static const std::map<std::string_view, JsonType> kTypes{
      {"text", JsonType::text},     {"number", JsonType::number}, {"flag", JsonType::flag},
      {"object", JsonType::object}, {"array", JsonType::array},   {"any", JsonType::any}};
  Keys keys;
  for (auto word = next_word(words); !word.empty(); word = next_word(words)) {
    const auto colon = word.find(':');
    auto name = word.substr(0, colon);
    const bool optional = name.ends_with('?');
    if (optional) name.remove_suffix(1);
    keys.emplace(name, Key{kTypes.at(word.substr(colon + 1)), !optional});
  }
  return keys;
}

bool is_of(const Json& value, JsonType type) {
  switch (type) {
    case JsonType::text:
      return value.is_string();
    case JsonType::number:
      return value.is_number();
    case JsonType::flag:
      return value.is_boolean();
    case JsonType::object:
      return value.is_object();
    case JsonType::array:
      return value.is_array();
    case JsonType::any:
      break;
  }
  return true;
}

std::string_view type_word(JsonType type) {
  constexpr std::string_view kWords[] = {"a text",    "a number", "true or false",
                                         "an object", "a list",   "anything"};
  return kWords[static_cast<std::size_t>(type)];
}

using KeysByType = std::map<std::string, Keys, std::less<>>;

const Keys* find(const KeysByType& all, std::string_view type) {
  const auto found = all.find(type);
  return found == all.end() ? nullptr : &found->second;
}

constexpr std::string_view kPanel =
    "id:number type:text title:text description:text datasource:any gridPos:object targets:array "
    "fieldConfig:object options:object links?:array transformations?:array";

}  // namespace

const Keys& board_keys() {
  // No `id`: it is the database's, and a file that brings one takes the place of another board.
  static const Keys keys = parse_keys(
      "uid:text title:text description:text tags:array schemaVersion:number version:number "
      "editable:flag graphTooltip:number fiscalYearStartMonth:number refresh:text time:object "
      "timezone:text timepicker:object weekStart:text preload:flag links:array annotations:object "
      "templating:object panels:array");
  return keys;
}

const Keys& list_keys() {
  static const Keys keys = parse_keys("list:array");
  return keys;
}

const Keys& annotation_keys() {
  static const Keys keys = parse_keys(
      "name:text type?:text builtIn?:number datasource:any enable:flag hide:flag iconColor:text "
      "expr?:text titleFormat?:text textFormat?:text tagKeys?:text step?:text");
  return keys;
}

const Keys& link_keys() {
  static const Keys keys = parse_keys(
      "title:text type:text tags:array asDropdown:flag includeVars:flag keepTime:flag icon:text "
      "targetBlank:flag tooltip:text url:text");
  return keys;
}

const Keys& variable_keys() {
  static const Keys keys = parse_keys(
      "name:text label:text type:text query:text definition?:text datasource?:any current:object "
      "includeAll:flag allValue?:text multi:flag refresh?:number sort?:number hide:number "
      "regex?:text "
      "options:array");
  return keys;
}

const Keys& grid_keys() {
  static const Keys keys = parse_keys("x:number y:number w:number h:number");
  return keys;
}

const Keys& datasource_keys() {
  static const Keys keys = parse_keys("type:text uid:text");
  return keys;
}

const Keys& target_keys() {
  static const Keys keys = parse_keys(
      "datasource:any refId:text expr:text legendFormat?:text editorMode:text range?:flag "
      "instant?:flag format?:text queryType?:text");
  return keys;
}

const Keys& field_config_keys() {
  static const Keys keys = parse_keys("defaults:object overrides:array");
  return keys;
}

const Keys& field_keys() {
  static const Keys keys = parse_keys(
      "unit:text color:object mappings:array thresholds:object min?:number max?:number "
      "decimals?:number noValue?:text custom?:object");
  return keys;
}

const Keys& thresholds_keys() {
  static const Keys keys = parse_keys("mode:text steps:array");
  return keys;
}

const Keys& step_keys() {
  static const Keys keys = parse_keys("color:text value:any");
  return keys;
}

const Keys& override_keys() {
  static const Keys keys = parse_keys("matcher:object properties:array");
  return keys;
}

const Keys& transformation_keys() {
  static const Keys keys = parse_keys("id:text options:object");
  return keys;
}

const Keys* panel_keys(std::string_view type) {
  static const KeysByType all = [] {
    KeysByType made;
    for (const auto* name : {"timeseries", "stat", "gauge", "bargauge", "heatmap", "table",
                             "state-timeline", "logs"}) {
      made.emplace(name, parse_keys(kPanel));
    }
    made.emplace("text",
                 parse_keys("id:number type:text title:text description:text gridPos:object "
                            "options:object"));
    made.emplace("row", parse_keys("id:number type:text title:text collapsed:flag gridPos:object "
                                   "panels:array"));
    return made;
  }();
  return find(all, type);
}

const Keys* option_keys(std::string_view type) {
  static const KeysByType all{
      {"timeseries", parse_keys("legend:object tooltip:object")},
      {"stat", parse_keys("reduceOptions:object colorMode:text graphMode:text justifyMode:text "
                          "orientation:text textMode:text wideLayout:flag showPercentChange:flag "
                          "percentChangeColorMode:text")},
      {"gauge", parse_keys("reduceOptions:object orientation:text showThresholdLabels:flag "
                           "showThresholdMarkers:flag sizing:text minVizHeight:number "
                           "minVizWidth:number")},
      {"bargauge",
       parse_keys("reduceOptions:object displayMode:text orientation:text valueMode:text "
                  "namePlacement:text showUnfilled:flag sizing:text minVizWidth:number "
                  "minVizHeight:number maxVizHeight:number legend:object")},
      {"heatmap", parse_keys("calculate:flag cellGap:number color:object exemplars:object "
                             "filterValues:object legend:object rowsFrame:object showValue:text "
                             "tooltip:object yAxis:object")},
      {"table", parse_keys("showHeader:flag cellHeight:text frameIndex:number footer:object")},
      {"state-timeline", parse_keys("legend:object tooltip:object mergeValues:flag showValue:text "
                                    "alignValue:text rowHeight:number")},
      {"logs", parse_keys("showTime:flag showLabels:flag showCommonLabels:flag wrapLogMessage:flag "
                          "prettifyLogMessage:flag enableLogDetails:flag dedupStrategy:text "
                          "sortOrder:text showLogContextToggle:flag")},
      {"text", parse_keys("mode:text content:text code:object")}};
  return find(all, type);
}

const Keys* custom_keys(std::string_view type) {
  static const KeysByType all{
      {"timeseries",
       parse_keys("drawStyle:text lineInterpolation:text lineWidth:number fillOpacity:number "
                  "gradientMode:text showPoints:text spanNulls:any axisPlacement:text "
                  "scaleDistribution:object stacking:object thresholdsStyle:object "
                  "axisSoftMin?:number axisSoftMax?:number")},
      {"state-timeline", parse_keys("fillOpacity:number lineWidth:number")}};
  return find(all, type);
}

std::string why_no_panel_type(const std::string& type) {
  static const std::set<std::string, std::less<>> kGone{"graph", "singlestat", "table-old",
                                                        "grafana-piechart-panel"};
  return kGone.contains(type)
             ? fmt::format("panels of type {} are gone since Grafana 12", type)
             : fmt::format("'{}' is no type of a panel that is used here", printable(type));
}

bool is_grafana_unit(std::string_view id) {
  static const std::set<std::string, std::less<>> units = [] {
    std::set<std::string, std::less<>> made{"none", "short", "cps", "string"};
    for (const auto word : unit_words()) {
      for (const bool per_second : {false, true}) {
        made.insert(grafana_unit({std::string(word), per_second}).value());
      }
    }
    return made;
  }();
  return units.contains(id);
}

bool is_grafana_color(std::string_view color) {
  static const std::set<std::string, std::less<>> kColors{
      "green", "yellow", "orange", "red", "blue", "purple", "gray", "text", "transparent"};
  return kColors.contains(color);
}

void check_keys(const Json& object, const Keys& keys, const std::string& path,
                const std::function<void(const std::string&, const std::string&)>& fail) {
  if (!object.is_object()) return fail(path, "must be an object");
  for (const auto& [name, key] : keys) {
    if (!object.contains(name)) {
      if (key.required) fail(path, fmt::format("'{}' is missing", name));
    } else if (!is_of(object.at(name), key.type)) {
      fail(path, fmt::format("'{}' must be {}", name, type_word(key.type)));
    }
  }
  for (const auto& [name, value] : object.items()) {
    if (!keys.contains(name)) fail(path, fmt::format("'{}' is no key of it", printable(name)));
  }
}

}  // namespace basewatch::catalog
