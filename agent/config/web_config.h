#pragma once

#include <string>

#include "agent/base/access_settings.h"
#include "agent/base/yaml.h"

namespace basewatch::config {

// Reads the file that Prometheus' exporters take as --web.config.file into `out`, as those would;
// what this agent cannot do is an error or a warning at its place.
void read_web_config(const std::string& path, const Location& named_at, AccessSettings& out,
                     Diagnostics& diagnostics);
// The same from text that is already there; `path` names it, and its folder is where paths start.
void read_web_config_text(std::string_view text, const std::string& path, AccessSettings& out,
                          Diagnostics& diagnostics);

// What has to fit together, whichever file it came from.
void check_tls(const TlsSettings& tls, Diagnostics& diagnostics);

}  // namespace basewatch::config
