#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace basewatch {

enum class MetricType : std::uint8_t { counter, gauge, histogram, summary, untyped };

constexpr std::string_view type_name(MetricType type) {
  constexpr std::string_view kNames[] = {"counter", "gauge", "histogram", "summary", "untyped"};
  return kNames[static_cast<std::size_t>(type)];
}

// One metric with a fixed name, as the catalog declares it. Views only: built-in specs are constexpr
// tables generated from catalog/, those of a user's site point into the Catalog that loaded them.
struct MetricSpec {
  MetricType type = MetricType::untyped;
  std::string_view name;
  std::string_view help;
  std::string_view unit;
  std::span<const std::string_view> labels;  // the exporter's own; job, instance and node come on top
};

// A metric whose name has one part that is only known at run time: node_vmstat_{field}.
struct FamilySpec {
  MetricType type = MetricType::untyped;
  std::string_view pattern;  // "node_vmstat_{field}": exactly one {placeholder}
  std::string_view help;     // the placeholder may stand in it, too
  std::string_view unit;
  std::span<const std::string_view> labels;
  std::span<const std::string_view> known;  // the values of the placeholder that rules may use

  constexpr std::string_view prefix() const { return pattern.substr(0, pattern.find('{')); }
  constexpr std::string_view suffix() const { return pattern.substr(pattern.find('}') + 1); }
  constexpr std::string_view placeholder() const {
    return pattern.substr(pattern.find('{'), pattern.find('}') + 1 - pattern.find('{'));
  }

  std::string name(std::string_view field) const {
    return std::string(prefix()).append(field).append(suffix());
  }
  // The part of `name` that stands for the placeholder; empty when the name is not of this family.
  constexpr std::string_view match(std::string_view name) const {
    const auto head = prefix(), tail = suffix();
    if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) {
      return {};
    }
    return name.substr(head.size(), name.size() - head.size() - tail.size());
  }
};

// Metrics whose names nobody knows beforehand (a user's textfiles, Kong's plugin): everything from
// `source` is let through, within the series cap.
struct PassthroughSpec {
  std::string_view source;
  std::string_view help;
};

// A row of a generated table that maps a field of the watched system to its metric, so that a
// table-driven exporter gains a metric by a catalog entry alone: from: {stat: ctxt}.
struct FieldMetric {
  std::string_view field;
  MetricSpec metric;
};

}  // namespace basewatch
