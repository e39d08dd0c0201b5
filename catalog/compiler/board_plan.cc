#include "catalog/compiler/board_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/board_layout.h"
#include "catalog/compiler/board_panel.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

std::string regex_of(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += '|';
    for (const char c : word) {
      if (std::string_view(".+*?()|[]{}^$\\").find(c) != std::string_view::npos) out += "\\\\";
      out += c;
    }
  }
  return out;
}

class BoardPlanner {
 public:
  BoardPlanner(const Subject& subject, const BoardEntry& entry, Program& program,
               Diagnostics& diagnostics)
      : subject_(subject), entry_(entry), program_(program), diagnostics_(diagnostics) {
    scope_ = {entry.nodes, entry.by_instance.value_or(!subject.host_wide)};
  }

  PlannedBoard plan() {
    board_.entry = &entry_;
    board_.uid = board_uid(entry_);
    board_.by_instance = scope_.by_instance;
    board_.tags = {"basewatch", subject_.name.empty() ? "site" : subject_.name};
    for (const auto& tag : entry_.tags) {
      if (std::ranges::find(board_.tags, tag) == board_.tags.end()) board_.tags.push_back(tag);
    }
    for (const auto& alert : subject_.alerts) board_.alerts.push_back(alert.name.value);
    for (const auto& row : entry_.rows) plan_row(row);
    plan_variables();
    check_ids();
    lay_out(board_, diagnostics_);
    return std::move(board_);
  }

 private:
  void plan_row(const RowEntry& entry) {
    PlannedRow row;
    row.entry = &entry;
    row.id = panel_id("row:" + entry.title.value);
    for (const auto& panel : entry.panels) {
      row.panels.push_back(plan_panel(panel, scope_, program_, diagnostics_));
      board_.logs |= row.panels.back().kind == PanelKind::logs;
    }
    board_.rows.push_back(std::move(row));
  }

  // Node and instance come from what Prometheus scrapes, so that a dead one is still in the list.
  void plan_variables() {
    const auto* jobs = jobs_of(program_.site(), subject_.exporter);
    const auto up = jobs ? fmt::format("job=~\"{}\"", regex_of(*jobs)) : std::string();
    const bool many = entry_.nodes == BoardNodes::many;
    const std::string chosen = many ? "node=~\"$node\"" : "node=\"$node\"";
    board_.variables.push_back(
        {"node", "Node", fmt::format("label_values(up{{{}}}, node)", up), {}, many});
    if (scope_.by_instance) {
      board_.variables.push_back(
          {"instance",
           "Instance",
           fmt::format("label_values(up{{{}{}{}}}, instance)", up, up.empty() ? "" : ",", chosen),
           {},
           true});
    }
    for (const auto& variable : entry_.variables) {
      check_variable(variable);
      const auto title = variable.title.empty() ? variable.name.value : variable.title;
      const auto query = variable.metric.empty()
                             ? std::string()
                             : fmt::format("label_values({}{{{}}}, {})", variable.metric.value,
                                           chosen, variable.label.value);
      board_.variables.push_back(
          {variable.name.value, title, query, variable.options, variable.multi});
    }
    check_uses();
  }

  void check_variable(const VariableEntry& variable) {
    const auto& name = variable.name;
    const bool taken = std::ranges::find(board_.variables, name.value, &PlannedVariable::name) !=
                       board_.variables.end();
    if (taken || name.value == "datasource" || name.value == "loki_datasource") {
      report(diagnostics_, name.where, "duplicate-variable",
             fmt::format("the board already has a variable '{}': choose another name", name.value));
    }
    if (variable.metric.empty()) return;
    const auto info = program_.resolve(variable.metric.value);
    if (!info) {
      report(diagnostics_, variable.metric.where, "unknown-metric",
             program_.why_unknown(variable.metric.value));
    } else if (!info->labels.open && !info->labels.names.contains(variable.label.value)) {
      report(diagnostics_, variable.label.where, "unknown-label",
             fmt::format("{} has no label '{}'; it has {}", variable.metric.value,
                         printable(variable.label.value), join(info->labels.names, ", ")));
    }
  }

  // Every $name is one of the board's, and every variable is there for something.
  void check_uses() {
    std::set<std::string> used;
    for (const auto& row : board_.rows) {
      collect_variables(row.entry->title.value, used);
      for (const auto& panel : row.panels) {
        std::set<std::string> here;
        collect_variables(panel.title, here);
        collect_variables(panel.entry->text.value, here);
        for (const auto& query : panel.queries) {
          collect_variables(query.expr, here);
          collect_variables(query.legend, here);
        }
        for (const auto& name : here) check_known(name, panel.entry->where);
        used.insert(here.begin(), here.end());
      }
    }
    for (const auto& variable : entry_.variables) {
      if (used.contains(variable.name.value)) continue;
      report(
          diagnostics_, variable.name.where, "unused-variable",
          fmt::format("nothing on this board uses ${0}: write {1}=~\"${0}\" in an expression, or "
                      "remove the variable",
                      variable.name.value,
                      variable.label.empty() ? std::string("label") : variable.label.value));
    }
  }

  void check_known(const std::string& name, const Location& where) {
    if (name.starts_with("__")) return;  // Grafana's own
    std::vector<std::string_view> known{"datasource"};
    for (const auto& variable : board_.variables) known.push_back(variable.name);
    if (std::ranges::find(known, name) != known.end()) return;
    report(diagnostics_, where, "unknown-variable",
           fmt::format("the board has no variable '${}'; it has ${}", printable(name),
                       join(known, ", $")));
  }

  // Titles tell panels apart, for people and for the ids that are made of them.
  void check_ids() {
    std::map<std::string, const PanelEntry*> titles;
    std::map<int, const Location*> ids;
    for (const auto& row : board_.rows) {
      if (!ids.emplace(row.id, &row.entry->title.where).second) {
        report(diagnostics_, row.entry->title.where, "duplicate-panel",
               fmt::format("the board has the row '{}' twice: choose another title",
                           row.entry->title.value));
      }
      for (const auto& panel : row.panels) {
        const auto [first, is_new] = titles.emplace(panel.title, panel.entry);
        if (!is_new) {
          report(diagnostics_, panel.entry->where, "duplicate-panel",
                 fmt::format(
                     "the board has a panel '{}' already, at {}: write another title with 'panel:'",
                     panel.title, first->second->where.text()));
        } else if (const auto [other, free] = ids.emplace(panel.id, &panel.entry->where); !free) {
          report(diagnostics_, panel.entry->where, "duplicate-panel",
                 fmt::format("this panel has the key of the one at {}: write another 'key'",
                             other->second->text()));
        }
      }
    }
  }

  const Subject& subject_;
  const BoardEntry& entry_;
  Program& program_;
  Diagnostics& diagnostics_;
  Scope scope_;
  PlannedBoard board_;
};

}  // namespace

std::string board_uid(const BoardEntry& board) {
  return "basewatch-" + board.name.value;
}

int panel_id(std::string_view key) {
  return static_cast<int>(1 + hash_bytes(key) % 999'999'999);
}

std::vector<PlannedBoard> plan_boards(Program& program, Diagnostics& diagnostics) {
  std::vector<PlannedBoard> boards;
  for (const auto* subject : program.subjects()) {
    for (const auto& entry : subject->boards) {
      boards.push_back(BoardPlanner(*subject, entry, program, diagnostics).plan());
    }
  }
  return boards;
}

std::optional<PanelAddress> panel_of(const std::vector<PlannedBoard>& boards,
                                     const AlertEntry& alert) {
  std::optional<PanelAddress> found;
  for (const auto& board : boards) {
    for (const auto& row : board.rows) {
      for (const auto& panel : row.panels) {
        if (std::ranges::find(panel.alerts, &alert) == panel.alerts.end()) continue;
        PanelAddress address{board.uid, panel.id, board.entry->title.value, panel.title,
                             board.by_instance};
        const bool over_time =
            panel.kind == PanelKind::timeseries || panel.kind == PanelKind::state_timeline;
        if (over_time) return address;
        if (!found) found = std::move(address);
      }
    }
  }
  return found;
}

void tell_panels(Program& program, const std::vector<PlannedBoard>& boards) {
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) {
      if (auto address = panel_of(boards, alert)) program.set_panel(alert, std::move(*address));
    }
  }
}

}  // namespace basewatch::catalog
