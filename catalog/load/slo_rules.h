#pragma once

#include "catalog/model/catalog.h"
#include "catalog/model/slo.h"

namespace basewatch::catalog {

// The recording rules and alerts of an objective, with their tests: errors and events as rates,
// their ratio over the windows of multi-window burn rates (5m to 3d), the part of the 30 days'
// budget that is left; an alert for each pace at which the budget burns.
void add_slo(const SloEntry& slo, Subject& subject);

}  // namespace basewatch::catalog
