#pragma once

#include "agent/base/yaml.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// One panel of a board: what it asks for and how it looks.
PanelEntry read_panel(const yaml::Node& node, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
