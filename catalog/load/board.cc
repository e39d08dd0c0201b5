#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/panel.h"

namespace basewatch::catalog {
namespace {

VariableEntry read_variable(const yaml::Node& node, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "a variable", diagnostics);
  VariableEntry variable;
  variable.where = node.where;
  variable.name = required_text(entry, "variable", diagnostics);
  variable.title = entry.string("title");
  variable.metric = text_of(entry, "metric", diagnostics);
  variable.label = text_of(entry, "label", diagnostics);
  variable.options = entry.strings("options");
  variable.multi = entry.flag("multi", true);
  entry.finish();
  const bool values = !variable.metric.empty() && !variable.label.empty();
  const bool half = variable.metric.empty() != variable.label.empty();
  if (half || values == !variable.options.empty()) {
    diagnostics.error(node.where,
                      "a variable takes its values either from a 'label' of a 'metric', or from "
                      "'options'; write one of them");
  }
  if (!variable.name.empty() && !is_label_name(variable.name.value)) {
    diagnostics.error(
        variable.name.where,
        fmt::format("'{}' is no name of a variable: write letters, digits and '_' only",
                    printable(variable.name.value)));
  }
  return variable;
}

RowEntry read_row(const yaml::Node& node, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "a row", diagnostics);
  RowEntry row;
  row.title = required_text(entry, "row", diagnostics);
  row.collapsed = entry.flag("collapsed", false);
  const auto* panels = entry.required("panels");
  if (panels && (panels->kind != yaml::Kind::sequence || panels->items.empty())) {
    diagnostics.error(panels->where, "panels must be a list of panels, each with a '-'");
  } else if (panels) {
    for (const auto& item : panels->items) row.panels.push_back(read_panel(item, diagnostics));
  }
  entry.finish();
  return row;
}

// dashboards/<name>.json and basewatch-<name>: Grafana takes [A-Za-z0-9_-], and 40 of them in all.
void check_board_name(const Text& name, Diagnostics& diagnostics) {
  if (name.empty()) return;
  const bool plain = std::ranges::all_of(name.value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (plain && name.value.size() <= 30) return;
  diagnostics.error(
      name.where,
      fmt::format("'{}' is no name of a board, which becomes its file and its uid: write at "
                  "most 30 small letters, digits and '-'",
                  printable(name.value)));
}

std::vector<VariableEntry> read_variables(yaml::Mapping& entry, Diagnostics& diagnostics) {
  std::vector<VariableEntry> variables;
  const auto* list = entry.find("variables");
  if (list && list->kind == yaml::Kind::sequence) {
    for (const auto& item : list->items) variables.push_back(read_variable(item, diagnostics));
  } else if (list) {
    diagnostics.error(list->where, "variables must be a list, each with a '-'");
  }
  return variables;
}

std::vector<RowEntry> read_rows(yaml::Mapping& entry, Diagnostics& diagnostics) {
  std::vector<RowEntry> out;
  const auto* rows = entry.required("rows");
  if (rows && (rows->kind != yaml::Kind::sequence || rows->items.empty())) {
    diagnostics.error(rows->where,
                      "rows must be a list of rows, each with a '-', a title and panels");
  } else if (rows) {
    for (const auto& item : rows->items) out.push_back(read_row(item, diagnostics));
  }
  return out;
}

BoardEntry read_board(const yaml::Node& node, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "a board", diagnostics);
  BoardEntry board;
  board.where = node.where;
  board.name = required_text(entry, "board", diagnostics);
  check_board_name(board.name, diagnostics);
  board.title = required_text(entry, "title", diagnostics);
  board.help = entry.required_string("help");
  board.tags = entry.strings("tags");
  board.nodes = static_cast<BoardNodes>(
      entry.choice("nodes", static_cast<std::size_t>(BoardNodes::many), {"many", "one"}));
  if (entry.find("by_instance")) board.by_instance = entry.flag("by_instance", false);
  board.from = entry.duration("from", board.from);
  board.refresh = entry.duration("refresh", board.refresh);
  if (board.from <= Duration::zero() || board.refresh <= Duration::zero()) {
    diagnostics.error(node.where, "'from' and 'refresh' must be longer than nothing");
  }
  board.variables = read_variables(entry, diagnostics);
  board.rows = read_rows(entry, diagnostics);
  entry.finish();
  return board;
}

BoardExtension read_extension(const yaml::Node& node, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "what is added to a board", diagnostics);
  BoardExtension extension;
  extension.board = required_text(entry, "extend", diagnostics);
  extension.variables = read_variables(entry, diagnostics);
  extension.rows = read_rows(entry, diagnostics);
  entry.finish();
  return extension;
}

BoardEntry* find_board(Catalog& catalog, const std::string& name) {
  for (auto& subject : catalog.subjects) {
    for (auto& board : subject.boards) {
      if (board.name.value == name) return &board;
    }
  }
  return nullptr;
}

std::string which_board(const Catalog& catalog, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& subject : catalog.subjects) {
    for (const auto& board : subject.boards) names.push_back(board.name.value);
  }
  const auto guess = nearest(name, names);
  if (!guess.empty()) return fmt::format("did you mean '{}'?", guess);
  return names.empty() ? "there are none" : "there are " + join(names, ", ");
}

}  // namespace

void read_boards(const yaml::Node& list, Subject& subject, Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where, "boards must be a list of boards, each with a '-'");
    return;
  }
  for (const auto& node : list.items) {
    auto board = read_board(node, reading.diagnostics);
    if (!board.name.empty()) subject.boards.push_back(std::move(board));
  }
}

void read_site_boards(const yaml::Node& list, Subject& own, std::vector<BoardExtension>& extensions,
                      Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where,
                              "boards must be a list, each with a '-' and either 'board: NAME' for "
                              "one of your own or 'extend: NAME' for one of the catalog");
    return;
  }
  for (const auto& node : list.items) {
    if (!node.find("extend")) {
      auto board = read_board(node, reading.diagnostics);
      if (!board.name.empty()) own.boards.push_back(std::move(board));
      continue;
    }
    auto extension = read_extension(node, reading.diagnostics);
    if (!extension.board.empty()) extensions.push_back(std::move(extension));
  }
}

void extend_boards(Catalog& catalog, std::vector<BoardExtension> extensions,
                   Diagnostics& diagnostics) {
  for (auto& extension : extensions) {
    const auto& name = extension.board;
    auto* board = find_board(catalog, name.value);
    if (!board) {
      diagnostics.error(name.where,
                        fmt::format("there is no board '{}' in the catalog to extend: {}",
                                    printable(name.value), which_board(catalog, name.value)));
      continue;
    }
    std::ranges::move(extension.variables, std::back_inserter(board->variables));
    for (auto& row : extension.rows) {
      const auto same = std::ranges::find(board->rows, row.title.value,
                                          [](const RowEntry& entry) { return entry.title.value; });
      if (same == board->rows.end()) {
        board->rows.push_back(std::move(row));
      } else {
        std::ranges::move(row.panels, std::back_inserter(same->panels));
      }
    }
  }
}

}  // namespace basewatch::catalog
