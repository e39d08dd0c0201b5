#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "agent/scrape/pool.h"

namespace basewatch::scrape {

class CollectorState;
class Core;

// Lanes that have something to run and belong into the pool. The entries keep the instance alive.
using Jobs = std::vector<std::shared_ptr<Pool::Job>>;

// The queue of runs that may not overlap: collectors that share a connection, say. At most one
// worker at a time drains it, so waiting in a lane costs no thread. Owned by its instance; all
// members but run() with Core::mutex held.
class Lane final : public Pool::Job {
 public:
  Lane(Core& core, std::string_view name) : core_(core), name_(name) {}

  // Queues a run behind those of its kind: what scrapes wait for goes before the background. True
  // when the lane has to be submitted to the pool.
  bool push(CollectorState& state);
  void remove(CollectorState& state);

  const CollectorState* holder() const { return holder_; }
  const std::string& name() const { return name_; }

  void run() noexcept override;

 private:
  CollectorState* next();

  Core& core_;
  const std::string name_;  // empty: one collector has it for itself
  std::deque<CollectorState*> queue_;
  CollectorState* holder_ = nullptr;  // whose run is going on
  bool submitted_ = false;            // in the pool, waiting or draining
};

}  // namespace basewatch::scrape
