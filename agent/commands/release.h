#pragma once

#include <string>

#include "agent/base/diagnostics.h"
#include "catalog/model/catalog.h"

namespace basewatch::commands {

// Where catalog and site come from.
struct ReleaseOptions {
  std::string config, site;  // at most one of them; neither: the default site
  std::string catalog;       // a folder in place of the built-in catalog
};

// The catalog and the user's site over it. Checked; usable only when `diagnostics` has no error.
struct Release {
  catalog::Catalog catalog;
  catalog::Site site;
};

Release load_release(const ReleaseOptions& options, Diagnostics& diagnostics);

}  // namespace basewatch::commands
