#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/model/text.h"

// Boards as plain structs: what stands in board.yml, before anything is looked up or drawn.
namespace basewatch::catalog {

enum class PanelKind {
  timeseries,
  stat,
  gauge,
  bargauge,
  heatmap,
  table,
  state_timeline,
  logs,
  text
};

// One thing that a panel asks for: exactly one of metric, expr, alerts and logql is given.
struct PanelQuery {
  Text metric;               // drawn as it is, a counter as its rate, a histogram as its buckets
  Text expr;                 // PromQL
  std::vector<Text> alerts;  // what these alerts compare, with their thresholds
  std::vector<Text> sides;   // what that is called, where it is two things that change
  Text logql;                // only in a panel of kind logs
  std::string name;          // told apart from the panel's other queries by it; a table's column
  Text legend;               // instead of the labels that vary
  Text unit;                 // instead of the metric's; counts in a table
  bool keep_range = false;   // rate(x[1h]) keeps its range instead of $__rate_interval
  Location where;
};

// From here on a value is bad: `warning: "> 0.9"`.
struct PanelLimit {
  Text condition;
  bool critical = false;
};

struct PanelState {
  double value = 0;
  std::string text;
  std::string color;  // green yellow orange red blue purple gray
};

struct PanelEntry {
  Text title;
  std::optional<PanelKind> kind;  // default: timeseries, or state-timeline for alerts on states
  std::vector<PanelQuery> queries;
  std::string help;  // the (i) of the panel; default: the metric's or the alert's
  Text unit;
  std::string key;            // what the panel's id is made of; default: its title or alert
  int width = 0, height = 0;  // 0: what the kind has
  bool stack = false, legend = true;
  bool only_bad = false;  // of an alert: not all that it compares, but what is beyond its limit
  std::optional<double> min, max;
  std::optional<int> decimals;
  std::vector<PanelLimit> limits;
  std::vector<PanelState> states;  // words for values
  std::string empty;               // said where nothing is found, which may be good news
  std::vector<std::string> show;   // labels that a table has although they mostly say nothing
  std::vector<std::string> hide;   // labels that stand in no legend and are no column
  Text text;                       // Markdown of a panel of kind text
  Location where;
};

struct RowEntry {
  Text title;
  bool collapsed = false;
  std::vector<PanelEntry> panels;
};

// Something to choose at the top of a board, beside data source, node and instance.
struct VariableEntry {
  Text name;
  std::string title;
  Text metric, label;                // the values of this label ...
  std::vector<std::string> options;  // ... or these
  bool multi = true;
  Location where;
};

// Whether a board shows one node or several at once. It decides the filter and the legends.
enum class BoardNodes { many, one };

struct BoardEntry {
  Text name;  // the file is dashboards/<name>.json, the uid basewatch-<name>
  Text title;
  std::string help;
  std::vector<std::string> tags;
  BoardNodes nodes = BoardNodes::many;
  std::optional<bool> by_instance;  // has a variable for the instance; default: unless host-wide
  Duration from = std::chrono::hours(6), refresh = std::chrono::seconds(30);
  std::vector<VariableEntry> variables;
  std::vector<RowEntry> rows;
  Location where;
};

// What a site adds to a board of the catalog, at the end of the board or of one of its rows.
struct BoardExtension {
  Text board;  // the name of the one that is extended
  std::vector<VariableEntry> variables;
  std::vector<RowEntry> rows;  // one with the title of a row that there is gives it its panels
};

}  // namespace basewatch::catalog
