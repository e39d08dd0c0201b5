#pragma once

#include <vector>

#include "agent/scrape/selection.h"

namespace basewatch::scrape {

// What a scrape gathered of one instance, in the order of choice.states.
struct Gathered {
  Choice choice;
  std::vector<Report> reports;
};

// Drops whole collectors, last in catalog order first, until every instance is within its own cap
// and all together within `most`; the agent itself is spared the latter. Counts and logs what was
// dropped. `whole` tells that nothing was filtered, so that a cap that does not bite now has let
// go. Takes Core::mutex.
void apply_caps(std::vector<Gathered>& gathered, Core& core, std::size_t most, bool whole);

}  // namespace basewatch::scrape
