#pragma once

#include <string>

#include "agent/base/diagnostics.h"
#include "agent/base/yaml.h"
#include "agent/config/config.h"
#include "agent/config/expand.h"

namespace basewatch::config {

// What reading an instance needs besides its node; lives for one load.
struct Context {
  std::string folder;  // of the configuration file; relative paths start there
  const Expander& expander;
  Diagnostics& diagnostics;
};

// One instance of an exporter from its mapping; a null node is an instance with every default.
Instance read_instance(const Plugin& plugin, const yaml::Node& node, const Context& context);

// The value of an option out of its node, or nothing after an error.
std::optional<Settings::Value> read_option(const Option& option, const yaml::Node& node,
                                           const Context& context);

std::string resolve(const std::string& folder, const std::string& path);

}  // namespace basewatch::config
