#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/scrape/engine.h"

namespace prometheus {
class Collectable;
}

namespace basewatch::scrape {

// What others put on the agent's own page. Callable from any thread.
class OwnSources {
 public:
  void add(std::shared_ptr<const prometheus::Collectable> source);
  std::vector<std::shared_ptr<const prometheus::Collectable>> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> sources_;
};

// The agent as an exporter of its own, the instance agent/main that is always there: its process,
// and what was handed to Engine::add_own.
InstancePlan agent_plan(std::string job, std::shared_ptr<const OwnSources> sources);

inline constexpr std::string_view kAgent = "agent";

}  // namespace basewatch::scrape
