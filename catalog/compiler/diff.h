#pragma once

#include <string>
#include <vector>

#include "catalog/compiler/program.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// One difference between two states of the catalog, as a user would notice it.
struct Change {
  bool breaking =
      false;         // what users built on it (boards, rules, routes, site files) may stop working
  std::string name;  // of the metric, rule, alert ...: what CHANGELOG.md has to mention
  std::string text;  // "alert NodeDown was removed, and its runbook page with it"
};

// A catalog with its default site, both loaded without errors; `site` holds its routing.
struct Release {
  Catalog catalog;
  Site site;
};

// What became of the public interface: metrics, recorded names, alerts, boards with their panels
// and variables, thresholds, receivers, time intervals and passthroughs. Breaking changes first,
// then in order of kind and name.
std::vector<Change> differences(const Release& before, const Release& after);

}  // namespace basewatch::catalog
