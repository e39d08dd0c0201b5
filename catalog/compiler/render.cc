#include "catalog/compiler/render.h"

#include <iterator>

#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/compiler.h"

namespace basewatch::catalog {
namespace {

void append(std::vector<Artefact>& out, std::vector<Artefact> more) {
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<Artefact> render(const Catalog& catalog, const Site& site) {
  Diagnostics told_already;
  Program program(catalog, site, told_already);
  tell_panels(program, plan_boards(program, told_already));
  std::vector<Artefact> out;
  for (const auto renderer : {render_recording, render_alerts, render_rule_tests, render_tests,
                              render_instant_tests, render_long_tests}) {
    for (const auto* subject : program.subjects()) {
      if (auto artefact = renderer(program, *subject)) out.push_back(std::move(*artefact));
    }
  }
  append(out, render_boards(catalog, site));
  for (const auto renderer : {render_alertmanager, render_runbooks, render_reference}) {
    append(out, renderer(program));
  }
  return out;
}

}  // namespace basewatch::catalog
