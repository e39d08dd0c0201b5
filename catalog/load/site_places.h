#pragma once

#include <optional>

#include "agent/base/yaml.h"
#include "catalog/model/catalog.h"

// What a site says of single thresholds and single places.
namespace basewatch::catalog {

// A finite number, or an error.
std::optional<double> threshold_number(const yaml::Node& node, Diagnostics& diagnostics);

void unknown_threshold(const Site& site, const yaml::Node& name, Diagnostics& diagnostics);

// `size`, `nodes`, `instances` and `without` of a site file, laid over what is there.
void read_site_places(yaml::Mapping& file, Site& site, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
