#pragma once

#include <string>
#include <vector>

#include "catalog/model/catalog.h"

// What the routing means for one alert. Pure functions.
namespace basewatch::catalog {

// The routes that take the alert, in order, as Alertmanager walks them. Empty: the fallback has it.
std::vector<const Route*> routes_of(const Routing& routing, const AlertEntry& alert);

// The receivers of these routes; one that several routes lead to stands several times, as amtool
// prints it.
std::vector<std::string> receivers_of(const Routing& routing, const AlertEntry& alert);

// How long after Prometheus sent it an alert of class instant may wait in this route: as the first
// of its group, or as one that joins a group.
Duration longest_wait(const Route& route, const AlertEntry& alert);

// "page: after 5s, again every 1h, until it is resolved or silenced"
std::string in_words(const Routing& routing, const Route& route, const AlertEntry& alert);

// "Mon-Fri ..." as one line: "monday:friday 08:00-18:00 (Europe/Berlin)"; "never" without spans.
std::string in_words(const TimeInterval& interval, const std::string& time_zone);

// Whether the inhibition lets `source` silence `target`, given equal values of its labels.
bool inhibits(const Inhibition& inhibition, const std::string& source, const std::string& target);

// 510 -> "08:30"
std::string clock_text(int minutes);

}  // namespace basewatch::catalog
