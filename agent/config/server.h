#pragma once

#include <string>
#include <vector>

#include "agent/base/yaml.h"
#include "agent/config/config.h"
#include "agent/config/expand.h"

namespace basewatch::config {

struct Context;

// The block `server:` of basewatch.yml, with all the files that it names.
Server read_server(const yaml::Node& node, const Context& context);

// Reads web_config and users_file again, for when they have changed; the rest stays as it was
// written. Usable only when `diagnostics` has no error.
AccessSettings read_access(const Server& server, Diagnostics& diagnostics);

// Every file whose content decides who gets in: when one changes, read_access() and what is made of
// it have to be done anew.
std::vector<std::string> access_files(const Server& server);

// Users from "name: hash" pairs; a hash never reaches a message.
void read_users(const yaml::Node& node, std::string_view what, std::vector<UserSettings>& out,
                Diagnostics& diagnostics);

}  // namespace basewatch::config
