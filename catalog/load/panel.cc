#include "catalog/load/panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

const std::vector<std::string_view> kKinds{"timeseries",     "stat",    "gauge",
                                           "bargauge",       "heatmap", "table",
                                           "state-timeline", "logs",    "text"};
const std::vector<std::string_view> kColors{"green", "yellow", "orange", "red",
                                            "blue",  "purple", "gray"};
const std::vector<std::pair<std::string_view, int>> kWidths{
    {"full", 24}, {"half", 12}, {"third", 8}, {"quarter", 6}, {"sixth", 4}};
constexpr std::size_t kNone = ~std::size_t{0};

std::vector<Text> texts_of(yaml::Mapping& entry, std::string_view key, Diagnostics& diagnostics) {
  const auto* value = entry.find(key);
  if (!value) return {};
  if (value->kind != yaml::Kind::sequence) return {text_of(entry, key, diagnostics)};
  std::vector<Text> texts;
  for (const auto& item : value->items) {
    if (auto text = yaml::as_string(item, fmt::format("each of {}", key), diagnostics)) {
      texts.push_back({std::move(*text), item.where, item.anchors});
    }
  }
  return texts;
}

// One entry of a panel's `queries`, or the panel itself where it asks for one thing only.
PanelQuery read_query(yaml::Mapping& entry, Diagnostics& diagnostics) {
  PanelQuery query;
  query.where = entry.where();
  query.metric = text_of(entry, "metric", diagnostics);
  query.expr = text_of(entry, "expr", diagnostics);
  query.alerts = texts_of(entry, "alert", diagnostics);
  query.sides = texts_of(entry, "sides", diagnostics);
  query.logql = text_of(entry, "logql", diagnostics);
  query.legend = text_of(entry, "legend", diagnostics);
  if (!query.sides.empty() && query.alerts.empty()) {
    diagnostics.error(query.sides.front().where, "'sides' is for a panel of an alert");
  }
  query.keep_range = entry.flag("keep_range", false);
  return query;
}

std::size_t sources_of(const PanelQuery& query) {
  return !query.metric.empty() + !query.expr.empty() + !query.alerts.empty() + !query.logql.empty();
}

class PanelReader {
 public:
  PanelReader(const yaml::Node& node, Diagnostics& diagnostics)
      : entry_(node, "a panel", diagnostics), diagnostics_(diagnostics) {
    panel_.where = node.where;
    wrong_ = node.kind != yaml::Kind::mapping;
  }

  PanelEntry read() {
    panel_.title = text_of(entry_, "panel", diagnostics_);
    const auto kind = entry_.choice("kind", kNone, kKinds);
    panel_.help = entry_.string("help");
    panel_.unit = text_of(entry_, "unit", diagnostics_);
    panel_.key = entry_.string("key");
    panel_.text = text_of(entry_, "text", diagnostics_);
    read_queries();
    if (kind != kNone) panel_.kind = static_cast<PanelKind>(kind);
    read_looks();
    read_limits();
    read_states();
    entry_.finish();
    if (!wrong_) check();
    return std::move(panel_);
  }

 private:
  void error(const Location& where, std::string message) {
    wrong_ = true;
    diagnostics_.error(where, std::move(message));
  }

  void read_queries() {
    auto own = read_query(entry_, diagnostics_);
    const auto* list = entry_.find("queries");
    if (list && list->kind != yaml::Kind::sequence) {
      return error(list->where,
                   "queries must be a list, each with a '-' and a metric, expr or alert");
    }
    if (!list) {
      if (sources_of(own) > 0) panel_.queries.push_back(std::move(own));
      return;
    }
    if (sources_of(own) > 0) {
      error(list->where,
            "a panel has either one metric, expr or alert, or 'queries'; write one of them");
    }
    for (const auto& item : list->items) {
      yaml::Mapping entry(item, "a query", diagnostics_);
      auto query = read_query(entry, diagnostics_);
      query.name = entry.string("name");
      query.unit = text_of(entry, "unit", diagnostics_);
      entry.finish();
      panel_.queries.push_back(std::move(query));
    }
    if (list->items.empty())
      error(list->where, "queries is empty: write a query, or remove the panel");
  }

  void read_looks() {
    panel_.width = read_width();
    panel_.height = static_cast<int>(entry_.integer("height", 0, 2, 40));
    panel_.stack = entry_.flag("stack", false);
    panel_.legend = entry_.flag("show_legend", true);
    panel_.only_bad = entry_.flag("only_bad", false);
    if (entry_.find("min")) panel_.min = entry_.number("min", 0);
    if (entry_.find("max")) panel_.max = entry_.number("max", 0);
    if (panel_.min && panel_.max && *panel_.min >= *panel_.max) {
      error(entry_.where("max"), "max must be greater than min");
    }
    if (entry_.find("decimals"))
      panel_.decimals = static_cast<int>(entry_.integer("decimals", 0, 0, 9));
    panel_.hide = entry_.strings("hide");
    panel_.show = entry_.strings("show");
    panel_.empty = entry_.string("empty");
  }

  int read_width() {
    const auto* node = entry_.find("width");
    if (!node) return 0;
    const auto named =
        std::ranges::find(kWidths, node->scalar, &std::pair<std::string_view, int>::first);
    if (node->kind == yaml::Kind::scalar && named != kWidths.end()) return named->second;
    const auto number = node->kind == yaml::Kind::scalar ? parse_int(node->scalar) : std::nullopt;
    if (number && *number >= 1 && *number <= 24) return static_cast<int>(*number);
    error(node->where,
          fmt::format(
              "width must be full, half, third, quarter, sixth, or 1 to 24 of the board's 24 "
              "columns{}",
              node->kind == yaml::Kind::scalar ? fmt::format(", not '{}'", printable(node->scalar))
                                               : ""));
    return 0;
  }

  void read_limits() {
    for (const bool critical : {false, true}) {
      auto condition = text_of(entry_, critical ? "critical" : "warning", diagnostics_);
      if (!condition.empty()) panel_.limits.push_back({std::move(condition), critical});
    }
  }

  // states: {0: down, 1: {text: up, color: green}}
  void read_states() {
    const auto* node = entry_.find("states");
    if (!node) return;
    if (node->kind != yaml::Kind::mapping) {
      return error(node->where,
                   "states must be a mapping of values to words, such as {0: down, 1: up}");
    }
    for (const auto& [key, value] : node->entries) {
      PanelState state;
      const auto number = yaml::as_number(key, "the value of a state", diagnostics_);
      if (value.kind == yaml::Kind::mapping) {
        yaml::Mapping entry(value, "a state", diagnostics_);
        state.text = entry.required_string("text");
        const auto color = entry.choice("color", kNone, kColors);
        if (color != kNone) state.color = kColors[color];
        entry.finish();
      } else {
        state.text = yaml::as_string(value, "the word of a state", diagnostics_).value_or("");
      }
      state.value = number.value_or(0);
      if (number) panel_.states.push_back(std::move(state));
    }
  }

  void check() {
    for (const auto& query : panel_.queries) {
      if (sources_of(query) == 1) continue;
      return error(query.where,
                   sources_of(query) == 0
                       ? "a query needs a 'metric', an 'expr' or an 'alert'"
                       : "a query has one of metric, expr, alert and logql: write exactly one");
    }
    const bool text = panel_.kind == PanelKind::text;
    if (text != !panel_.text.empty() || (text && !panel_.queries.empty())) {
      return error(panel_.where, text ? "a panel of kind text needs a 'text' and asks for nothing"
                                      : "'text' is only for panels of kind text");
    }
    if (!text && panel_.queries.empty()) {
      return error(panel_.where, "a panel needs a 'metric', an 'expr', an 'alert' or 'queries'");
    }
    const bool of_alerts = std::ranges::any_of(
        panel_.queries, [](const PanelQuery& query) { return !query.alerts.empty(); });
    if (panel_.only_bad && !of_alerts) {
      return error(
          entry_.where("only_bad"),
          "'only_bad' is for a panel of an alert: in an 'expr' write the comparison itself");
    }
    if (!panel_.show.empty() && panel_.kind != PanelKind::table) {
      return error(entry_.where("show"), "'show' is for the columns of a table");
    }
    const bool logs = panel_.kind == PanelKind::logs;
    for (const auto& query : panel_.queries) {
      if (logs == !query.logql.empty()) continue;
      return error(query.where, logs ? "a panel of kind logs needs a 'logql'"
                                     : "'logql' is only for panels of kind logs");
    }
    const bool named = !panel_.title.empty() || (panel_.queries.size() == 1 && !logs && !text &&
                                                 panel_.queries.front().expr.empty());
    if (!named) error(panel_.where, "this panel needs a title: write 'panel: TITLE'");
  }

  yaml::Mapping entry_;
  Diagnostics& diagnostics_;
  PanelEntry panel_;
  bool wrong_ = false;  // one word about a panel is enough
};

}  // namespace

PanelEntry read_panel(const yaml::Node& node, Diagnostics& diagnostics) {
  return PanelReader(node, diagnostics).read();
}

}  // namespace basewatch::catalog
