#pragma once

#include <vector>

#include "agent/scrape/instance.h"

namespace basewatch::scrape {

// What a request asks for of one instance.
struct Choice {
  std::shared_ptr<Instance> instance;
  std::vector<CollectorState*> states;  // in catalog order
};

// The instances and collectors that `request` means, in the order of `instances`. An instance none
// of whose collectors is in collect[] is left out. Throws NoSuchInstance where the endpoint does
// not exist, and std::invalid_argument where the filter makes no sense; both say what there is.
std::vector<Choice> select(const Instances& instances, const Request& request);

}  // namespace basewatch::scrape
