#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "catalog/model/metric.h"

namespace basewatch {

// The descriptors that the build generates from the catalog, one constant a metric:
//
//   inline constexpr auto cpu_seconds_total =
//       metric(counter, "node_cpu_seconds_total", "Time each CPU ...", labels("cpu", "mode"));
//
// The number of labels is part of the type, so Page::add with a wrong number does not compile.
template <std::size_t N>
struct Metric {
  MetricType type;
  std::string_view name, help;
  std::array<std::string_view, N> labels;  // in the order of the catalog: the order of add()'s arguments
  std::array<std::uint8_t, N> by_name;     // their positions sorted by name: the order on the page

  // As a row of a table; points into this constant, which therefore has to be a global one.
  constexpr MetricSpec spec(std::string_view unit = {}) const {
    return {type, name, help, unit, labels};
  }
};

template <std::size_t N>
struct Family {
  FamilySpec spec;
  std::array<std::string_view, N> labels;
  std::array<std::uint8_t, N> by_name;

  // As a row of a table, complete; points into this constant, which therefore has to be a global one.
  constexpr FamilySpec row(std::string_view unit, std::span<const std::string_view> known) const {
    return {spec.type, spec.pattern, spec.help, unit, labels, known};
  }
};

namespace metrics {

using enum MetricType;

template <typename... L>
constexpr std::array<std::string_view, sizeof...(L)> labels(const L&... names) {
  return {std::string_view(names)...};
}

template <std::size_t N>
constexpr std::array<std::uint8_t, N> positions_by_name(const std::array<std::string_view, N>& names) {
  std::array<std::uint8_t, N> order{};
  for (std::size_t i = 0; i < N; ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return names[a] < names[b]; });
  return order;
}

template <std::size_t N = 0>
constexpr Metric<N> metric(MetricType type, std::string_view name, std::string_view help,
                           const std::array<std::string_view, N>& names = {}) {
  return {type, name, help, names, positions_by_name(names)};
}

template <std::size_t N = 0>
constexpr Family<N> family(MetricType type, std::string_view pattern, std::string_view help,
                           const std::array<std::string_view, N>& names = {}) {
  return {{type, pattern, help, {}, {}, {}}, names, positions_by_name(names)};
}

}  // namespace metrics
}  // namespace basewatch
