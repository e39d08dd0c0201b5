#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/diagnostics.h"
#include "agent/plugin/exporter.h"

namespace basewatch::config {

struct Server {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9777;
  std::string advertise;  // host:port that /sd hands out; empty: the request's Host header
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
  std::map<std::string, Location> places;     // of each option that was written, for SettingError
};

struct Config {
  std::string node;                 // empty: to be found from the root file system
  Server server;
  std::vector<Instance> instances;
  std::string site;                 // path of site.yml, resolved against the config file's folder
};

// Reads basewatch.yml strictly: every error with its place, as many in one run as there are. Expands
// ${VAR} and ${VAR:-default} in values through `environment`. With errors the result is not usable.
Config load(const std::string& path, std::span<const Plugin* const> plugins,
            const std::function<std::optional<std::string>(const std::string&)>& environment,
            Diagnostics& diagnostics);

// Without a configuration: the node exporter with its defaults, on 127.0.0.1:9777.
Config defaults(std::span<const Plugin* const> plugins);

}  // namespace basewatch::config
