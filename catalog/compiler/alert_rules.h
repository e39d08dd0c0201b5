#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// An alert as Prometheus evaluates it. Where the site says something else of a node or an instance,
// its condition is that of all others, without those places, or that of each place; a series is in
// one of them only.
struct AlertRule {
  Text expr;                         // with the limits put in
  std::string summary, description;  // Prometheus' templates, with the limits put in
};

// Whether the site wants it anywhere.
bool is_wanted(const Program& program, const AlertEntry& alert);

// Whether results carry the label by which the place is known.
bool tells_apart(const Expression& expression, const Place& place);

// Nothing where the site does not want the alert.
std::optional<AlertRule> rule_of(const Program& program, const AlertEntry& alert);

// The limit that holds at a place of the site: its own, that of its node, the site's own number,
// that of the machine's size, in this order.
double limit_at(const Site& site, const std::string& threshold, const Place& place);

// The limit for a series with these labels.
double limit_for(const Program& program, const AlertEntry& alert, const std::string& threshold,
                 const std::map<std::string, std::string>& labels);

// The places whose limits are others than the site's: "db-1: 0.9"; empty where there are none.
std::string other_limits(const Program& program, const AlertEntry& alert,
                         const std::string& threshold);

// Whether it is the same everywhere.
bool is_uniform(const Program& program, const AlertEntry& alert);

// Whether series with these labels get something else than the site's common limits.
bool is_apart(const Program& program, const AlertEntry& alert,
              const std::vector<std::string>& series);

}  // namespace basewatch::catalog
