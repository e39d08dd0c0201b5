#pragma once

#include "catalog/compiler/program.h"

// The checks by what they look at; check() runs all. Each is told of in docs/catalog.md.
namespace basewatch::catalog {

// Of every expression, whoever's it is: literal job matchers, ranges too short.
void check_expression(const Program& program, const Expression& expression,
                      Diagnostics& diagnostics);

// Result type; recorded names and thresholds that nobody uses.
void check_rules(Program& program, Diagnostics& diagnostics);

// What a site says of places reaches something that can tell them apart.
void check_places(const Program& program, Diagnostics& diagnostics);

// That a rule of the catalog has a test, and that every test is sound; a site may do without.
void check_rule_tests(const Program& program, const RuleEntry& rule, bool of_the_site,
                      Diagnostics& diagnostics);

// An alert's own: comparison, node, labels that collide, functions that flap, its texts.
void check_alert(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics);

// At least one case each that fires and that stays quiet, and all of them sound.
void check_tests(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics);

// Of routing.yml: alerts that there are not, labels of `equal` that a side lacks.
void check_inhibitions(const Program& program, Diagnostics& diagnostics);

// That an alert of class instant arrives in time: the site's intervals and the routing's waits
// added up.
void check_instant(const Program& program, const AlertEntry& alert, Diagnostics& diagnostics);

// That something notices when the series of an alert are gone.
void check_absence(const Program& program, Diagnostics& diagnostics);

// What the labels of a metric may multiply to.
void check_cardinality(const Program& program, Diagnostics& diagnostics);

// Queries: columns and labels that their SQL yields, variants that are ever taken.
void check_queries(const Program& program, Diagnostics& diagnostics);

// Boards and their panels; an alert that no panel shows.
void check_boards(Program& program, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
