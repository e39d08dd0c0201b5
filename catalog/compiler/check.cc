#include "catalog/compiler/checks.h"
#include "catalog/compiler/compiler.h"

namespace basewatch::catalog {

void check(const Catalog& catalog, const Site& site, Diagnostics& diagnostics) {
  Program program(catalog, site, diagnostics);
  for (const auto* subject : program.subjects()) {
    const bool of_the_site = site.own && subject == &*site.own;
    for (const auto& rule : subject->rules) {
      check_expression(program, program.of(rule), diagnostics);
      check_rule_tests(program, rule, of_the_site, diagnostics);
    }
    for (const auto& alert : subject->alerts) {
      check_expression(program, program.of(alert), diagnostics);
      check_alert(program, alert, diagnostics);
      check_tests(program, alert, diagnostics);
      check_instant(program, alert, diagnostics);
    }
  }
  check_rules(program, diagnostics);
  check_places(program, diagnostics);
  check_absence(program, diagnostics);
  check_cardinality(program, diagnostics);
  check_inhibitions(program, diagnostics);
  check_queries(program, diagnostics);
  check_boards(program, diagnostics);
}

}  // namespace basewatch::catalog
