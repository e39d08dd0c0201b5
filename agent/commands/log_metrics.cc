#include "agent/commands/log_metrics.h"

#include <prometheus/metric_family.h>

#include <string>

#include "metrics/agent.h"

namespace basewatch::commands {
namespace {

prometheus::MetricFamily family_of(const MetricSpec& spec) {
  return {std::string(spec.name), std::string(spec.help), prometheus::MetricType::Counter, {}};
}

void add(prometheus::MetricFamily& family, std::uint64_t value,
         std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  family.metric.push_back(std::move(metric));
}

}  // namespace

std::vector<prometheus::MetricFamily> LogMetrics::Collect() const {
  constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
  auto written = family_of(metrics::agent::log_lines_total.spec());
  const auto lines = log_.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) add(written, lines[i], {{"level", kLevels[i]}});
  auto lost = family_of(metrics::agent::log_lines_lost_total.spec());
  add(lost, log_.lost());
  return {std::move(written), std::move(lost)};
}

}  // namespace basewatch::commands
