#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/discover/host.h"
#include "agent/plugin/exporter.h"

namespace basewatch::discover {

// What is configured, as far as it matters here: the texts are searched for ports and paths and
// never shown, for a dsn may hold a password.
struct Configured {
  std::string exporter;
  std::string texts;
};

// Something that runs on this host and that no instance watches.
struct Seen {
  std::string key;       // "postgres": stable, for scripts
  std::string title;     // "PostgreSQL"
  std::string where;     // "listens on 127.0.0.1:5432"
  std::string advice;    // what to do about it, a sentence
  std::string lines;     // YAML to add below `exporters:`; empty where there is nothing to add
  std::string one_line;  // the same as one line of YAML
};

// The instances of `plugins` that are running, for the comparison.
Configured configured(std::string_view exporter, const Settings& settings,
                      std::span<const Option> options);

// Looks at the host; nothing is connected to. Takes milliseconds, and as long as a file system that
// hangs: never on the way of a scrape or a page.
HostView look(const Roots& roots);

// What of it is not configured. Lines are only suggested that one of `plugins` accepts.
std::vector<Seen> unwatched(const HostView& view, std::span<const Plugin* const> plugins,
                            std::span<const Configured> configured);

}  // namespace basewatch::discover
