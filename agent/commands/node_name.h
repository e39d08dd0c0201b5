#pragma once

#include <string>
#include <string_view>

#include "agent/config/config.h"

namespace basewatch::commands {

// The node's name where the configuration has none: what the root file system that the node
// exporter looks at says in etc/hostname, so that an agent in a container is called like its host;
// else this machine's host name.
std::string find_node_name(const config::Config& config);

// Twelve or 64 hexadecimal digits: what a container runtime calls a container.
bool looks_like_container_id(std::string_view name);

}  // namespace basewatch::commands
