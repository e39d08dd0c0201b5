#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/access_settings.h"
#include "agent/base/diagnostics.h"
#include "agent/plugin/exporter.h"

namespace basewatch::config {

// How much of the agent clients may take up; a reload changes it.
struct Limits {
  std::size_t connections = 256;
  std::size_t workers = 64;
  std::size_t scrapes = 24;  // at once; fewer than workers, so that others get through
  std::size_t header_bytes = 16 * 1024;
  std::size_t unsent_bytes = 64u << 20;
  Duration header_time = std::chrono::seconds(10);
  Duration idle_time = std::chrono::seconds(120);
  Duration answer_time = std::chrono::seconds(30);
  bool operator==(const Limits&) const = default;
};

struct Server {
  std::string host = "127.0.0.1";  // empty: every address of the machine
  std::uint16_t port = 9777;
  Location listen_where;
  std::string advertise;  // host:port that /sd hands out; empty: the request's Host header
  Limits limits;
  AccessSettings written;  // what stands in the block itself
  std::string web_config, users_file;  // and the files it names
  Location web_config_where, users_file_where;
  AccessSettings access = written;  // all of it together
  bool openmetrics = false;  // to scrapers whose Accept prefers it
};

struct Instance {
  const Plugin* plugin = nullptr;
  std::string name = "main";
  std::string job;
  std::map<std::string, std::string> labels;
  Duration timeout{};
  std::size_t max_series = 0;
  std::map<std::string, bool> switches;       // collectors.<name>: true | false | {enabled: ...}
  std::map<std::string, Duration> intervals;  // collectors.<name>.every
  Settings settings;
  Location where;
  std::map<std::string, Location> places;  // of each option that was written, for SettingError
};

// A folder that `modules:` names, resolved against the configuration's own.
struct ModuleFolder {
  std::string path;
  Location where;
};

// The exporters that may stand under `exporters:`.
struct Offer {
  std::vector<const Plugin*> plugins;
  // False when a module could not be loaded: then a name that is not offered may be its exporter's,
  // and is left out with a warning, so that one bad module does not stop the agent.
  bool complete = true;
};
// Asked once, with the folders of `modules:`, before `exporters:` is read.
using OfferOf = std::function<Offer(const std::vector<ModuleFolder>&)>;

struct Config {
  std::string node;  // empty: to be found from the root file system
  Server server;
  Location node_where, site_where;  // for what main finds out about them
  std::vector<ModuleFolder> modules;
  std::vector<Instance> instances;
  std::string site;  // path of site.yml, resolved against the config file's folder
};

// Reads basewatch.yml strictly: every error with its place, as many in one run as there are.
// Expands
// ${VAR} and ${VAR:-default} in values through `environment`. With errors the result is not usable.
Config load(const std::string& path, std::span<const Plugin* const> plugins,
            const std::function<std::optional<std::string>(const std::string&)>& environment,
            Diagnostics& diagnostics);

// The same where modules add to what may be configured.
Config load(const std::string& path, const OfferOf& offer,
            const std::function<std::optional<std::string>(const std::string&)>& environment,
            Diagnostics& diagnostics);

// The same from text that is already there; `path` names it in messages, its folder is where
// relative paths start.
Config load_text(std::string_view text, const std::string& path,
                 std::span<const Plugin* const> plugins,
                 const std::function<std::optional<std::string>(const std::string&)>& environment,
                 Diagnostics& diagnostics);

// Without a configuration: the node exporter with its defaults, on 127.0.0.1:9777.
Config defaults(std::span<const Plugin* const> plugins);

}  // namespace basewatch::config
