#include <fmt/format.h>

#include <map>

#include "agent/base/strings.h"
#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

// The name is the file and the uid; Grafana refuses two boards of a title in one folder.
void check_names(const std::vector<PlannedBoard>& boards, Diagnostics& diagnostics) {
  std::map<std::string_view, const Text*> names, titles;
  for (const auto& board : boards) {
    const auto &name = board.entry->name, &title = board.entry->title;
    if (const auto [first, is_new] = names.emplace(name.value, &name); !is_new) {
      report(
          diagnostics, name.where, "duplicate-board",
          fmt::format("there is a board '{}' already, at {}: choose another name, the uid and the "
                      "file are made of it",
                      name.value, first->second->where.text()));
    }
    if (const auto [first, is_new] = titles.emplace(title.value, &title); !is_new) {
      report(
          diagnostics, title.where, "duplicate-board",
          fmt::format("there is a board with the title '{}' already, at {}: choose another title",
                      title.value, first->second->where.text()));
    }
  }
}

// Who is paged must be able to see what the alert sees. A catalog without any board draws nothing,
// and nothing is missing; a user's own alerts are his own affair.
void check_alerts(const Program& program, const std::vector<PlannedBoard>& boards,
                  Diagnostics& diagnostics) {
  if (boards.empty()) return;
  for (const auto* subject : program.subjects()) {
    if (program.site().own && subject == &*program.site().own) continue;
    for (const auto& alert : subject->alerts) {
      if (panel_of(boards, alert)) continue;
      report(diagnostics, alert.name.where, "alert-without-panel",
             fmt::format(
                 "no board shows what {0} sees: add '- alert: {0}' to the panels of a board.yml",
                 alert.name.value));
    }
  }
}

}  // namespace

void check_boards(Program& program, Diagnostics& diagnostics) {
  const auto boards = plan_boards(program, diagnostics);
  check_names(boards, diagnostics);
  check_alerts(program, boards, diagnostics);
}

}  // namespace basewatch::catalog
