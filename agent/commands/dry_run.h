#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "catalog/model/catalog.h"

namespace basewatch::commands {

// A time in which an alert would have fired, in unix seconds.
using Span = std::pair<double, double>;

// When an alert with this `for` and `keep_firing_for` fires, given when its expression had a
// result: `points` are moments `step` apart, with gaps where it had none.
std::vector<Span> firings(const std::vector<std::pair<double, double>>& points, double step,
                          Duration hold, Duration keep);

// Prints what the alerts would have done over the last days in this Prometheus. Exit status: 0, 1
// Prometheus does not answer, 2 its address is wrong, 3 some alerts could not be evaluated.
int dry_run(const catalog::Catalog& catalog, const catalog::Site& site,
            const std::string& prometheus, int days);

}  // namespace basewatch::commands
