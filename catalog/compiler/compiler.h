#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/diagnostics.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// All offline checks over catalog and site; docs/catalog.md lists them with their codes.
void check(const Catalog& catalog, const Site& site, Diagnostics& diagnostics);

struct Artefact {
  std::filesystem::path path;  // below the output folder: rules/recording/node.yml
  std::string text;
};

// Everything users take away, rendered. Pure and deterministic. Only for what check() passed.
std::vector<Artefact> render(const Catalog& catalog, const Site& site);

// Of those, Grafana's boards: dashboards/<name>.json.
std::vector<Artefact> render_boards(const Catalog& catalog, const Site& site);

// The C++ side of a subject: metrics/<subject>.h with its descriptors and tables.
std::string render_descriptors(const Subject& subject);

// Writes what differs, removes generated files that are no longer rendered, and returns the paths
// it touched; with `check_only` it touches nothing and returns what it would.
std::vector<std::filesystem::path> write_artefacts(const std::vector<Artefact>& artefacts,
                                                   const std::filesystem::path& out,
                                                   bool check_only);

}  // namespace basewatch::catalog
