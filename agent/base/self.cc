#include "agent/base/self.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <stdexcept>
#include <string>

namespace basewatch {
namespace {

std::map<std::string, std::string> labels_of(const MetricSpec& spec, MetricType type,
                                             std::initializer_list<std::string_view> values) {
  if (spec.type != type) {
    throw std::logic_error(
        fmt::format("{} is a {}, not a {}", spec.name, type_name(spec.type), type_name(type)));
  }
  if (spec.labels.size() != values.size()) {
    throw std::logic_error(fmt::format("{} has {} labels, {} values were given", spec.name,
                                       spec.labels.size(), values.size()));
  }
  std::map<std::string, std::string> labels;
  auto name = spec.labels.begin();
  for (const auto value : values) labels.emplace(*name++, value);
  return labels;
}

}  // namespace

Self::Self() : registry_(std::make_shared<prometheus::Registry>()) {}

prometheus::Counter& Self::counter(const MetricSpec& spec,
                                   std::initializer_list<std::string_view> values) {
  const auto labels = labels_of(spec, MetricType::counter, values);
  return prometheus::BuildCounter()
      .Name(std::string(spec.name))
      .Help(std::string(spec.help))
      .Register(*registry_)
      .Add(labels);
}

prometheus::Gauge& Self::gauge(const MetricSpec& spec,
                               std::initializer_list<std::string_view> values) {
  const auto labels = labels_of(spec, MetricType::gauge, values);
  return prometheus::BuildGauge()
      .Name(std::string(spec.name))
      .Help(std::string(spec.help))
      .Register(*registry_)
      .Add(labels);
}

prometheus::Histogram& Self::histogram(const MetricSpec& spec, const std::vector<double>& bounds,
                                       std::initializer_list<std::string_view> values) {
  const auto labels = labels_of(spec, MetricType::histogram, values);
  return prometheus::BuildHistogram()
      .Name(std::string(spec.name))
      .Help(std::string(spec.help))
      .Register(*registry_)
      .Add(labels, bounds);
}

}  // namespace basewatch
