#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/base/diagnostics.h"
#include "catalog/model/catalog.h"

// YAML -> model. Strict: unknown keys, duplicate names, wrong types are errors with their place, as
// many in one run as there are.
namespace basewatch::catalog {

// The files of a catalog by their path below catalog/: "node/metrics.yml" -> text. What the binary
// has embedded and what a folder holds look the same to the loader.
using Files = std::map<std::string, std::string>;

Files read_folder(const std::string& folder, Diagnostics& diagnostics);

// `shown_as` is put before each path in messages: "catalog/", or the folder given to --catalog.
Catalog load(const Files& files, std::string_view shown_as, Diagnostics& diagnostics);

// The default site of the catalog (default-site.yml), overlaid with the user's file when given.
Site load_site(const Files& files, Catalog& catalog, const std::string& user_file,
               Diagnostics& diagnostics);

}  // namespace basewatch::catalog
