#pragma once

#include <prometheus/collectable.h>

#include "agent/base/log.h"

namespace basewatch::commands {

// What the agent's log says of itself, for the agent's own page. The log outlives it.
class LogMetrics final : public prometheus::Collectable {
 public:
  explicit LogMetrics(const Log& log) : log_(log) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Log& log_;
};

}  // namespace basewatch::commands
