#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catalog/model/text.h"

namespace basewatch::catalog {

// A service level objective: which share of what a service is asked may go wrong. The loader makes
// recording rules and alerts of it, so that all that comes after knows only those.
struct SloEntry {
  std::string name;   // api_availability
  std::string title;  // "The API answers"
  std::string help;
  Text objective;      // 0.999
  Text errors, events;  // per second, each by (job, instance, node), over [5m]
  std::string page;    // priority of a fast burn: P1 or P2; empty: only tickets
  std::string impact, diagnosis, mitigation;
  // What a test feeds, with {{bad}}, {{good}}, {{all}} events a minute, or {{up}}, the share of the
  // time that all was well.
  std::vector<std::pair<Text, Text>> series;
  Location where;

  // The site's threshold that holds the objective.
  std::string threshold() const { return "slo_" + name + "_objective"; }
};

}  // namespace basewatch::catalog
