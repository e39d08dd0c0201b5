#pragma once

#include "agent/base/yaml.h"
#include "catalog/model/routing.h"

// The readers of routing.yml and of what a site may say about it.
namespace basewatch::catalog {

// The whole of routing.yml. What its parts say of each other is checked here, too; which alerts
// there are, only the compiler knows.
Routing read_routing(const yaml::Node& root, Diagnostics& diagnostics);

// The keys `receivers`, `time_zone`, `time_intervals` and `instant_within` of a site, laid over
// what the catalog says.
void read_site_routing(yaml::Mapping& site, Routing& routing, Diagnostics& diagnostics);

// `slack`, `pagerduty`, `email`, `webhook` and `send_resolved` of a receiver.
void read_targets(yaml::Mapping& entry, Receiver& receiver, Diagnostics& diagnostics);

// A list of spans; an empty one means never.
std::vector<TimeSpan> read_spans(const yaml::Node& list, Diagnostics& diagnostics);
void read_time_zone(yaml::Mapping& mapping, std::string& zone, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
