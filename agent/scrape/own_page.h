#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/scrape/engine.h"

namespace basewatch::scrape {

// How the engine stands at the end of a scrape.
struct OwnView {
  struct Instance {
    std::string_view exporter, name;
    std::shared_ptr<const expose::TargetLabels> target;
    std::vector<CollectorResult> collectors;
    std::vector<std::uint64_t> failures;     // ever, of each of them
    std::size_t duplicates = 0, capped = 0;  // series left out so far
  };
  std::vector<Instance> instances;
  std::shared_ptr<const void> owner;  // keeps alive what the views point to
  std::size_t stuck_runs = 0, abandoned_runs = 0, worker_threads = 0;
};

// True unless all that is known of the instance is failure.
bool instance_up(const std::vector<CollectorResult>& collectors);

// The agent's words about the instances and itself, sealed.
std::shared_ptr<const Page> own_page(const OwnView& view);

}  // namespace basewatch::scrape
