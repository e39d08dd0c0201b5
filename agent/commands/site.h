#pragma once

#include <memory>
#include <string>

#include "agent/base/diagnostics.h"
#include "agent/plugin/settings.h"

namespace basewatch::commands {

// A user's site as the running agent needs it.
struct SiteFile {
  std::shared_ptr<const Declarations> declarations;
  std::string fingerprint;  // changes with what is declared
};

SiteFile load_site_file(const std::string& path, Diagnostics& diagnostics);

}  // namespace basewatch::commands
