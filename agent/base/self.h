#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "catalog/model/metric.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace basewatch {

// The agent's own metrics that other folders count (requests, reloads, delivered log lines). They
// are made from the catalog's descriptors only, so none can go undeclared:
//
//   auto& reloads = self.counter(metrics::agent::config_reloads_total.spec(), {"failure"});
//   reloads.Increment();
//
// One Self per process, made by main and handed down. Callable from any thread; keep the returned
// references rather than asking again on a hot path. They live as long as the registry.
class Self {
 public:
  Self();

  // `values` in the order of spec.labels. Another type or number of labels than the descriptor says
  // is a programming error and throws std::logic_error.
  prometheus::Counter& counter(const MetricSpec& spec,
                               std::initializer_list<std::string_view> values = {});
  prometheus::Gauge& gauge(const MetricSpec& spec,
                           std::initializer_list<std::string_view> values = {});
  prometheus::Histogram& histogram(const MetricSpec& spec, const std::vector<double>& bounds,
                                   std::initializer_list<std::string_view> values = {});

  // What the engine puts on the agent's own page.
  const std::shared_ptr<prometheus::Registry>& registry() const { return registry_; }

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace basewatch
