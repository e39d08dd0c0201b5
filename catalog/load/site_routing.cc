#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/load/named.h"
#include "catalog/load/routing.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

void lay_receivers_over(const yaml::Node& node, Routing& routing, Diagnostics& diagnostics) {
  yaml::Mapping(node, "receivers", diagnostics);
  for (const auto& [name, value] : node.entries) {
    auto* receiver = find_named(routing.receivers, name.scalar);
    Receiver unknown;
    if (!receiver) {
      diagnostics.error(name.where,
                        fmt::format("there is no receiver '{}': {}", printable(name.scalar),
                                    there_are(routing.receivers, name.scalar)));
      receiver = &unknown;  // what stands in it is still read
    }
    yaml::Mapping entry(value, "a receiver", diagnostics);
    read_targets(entry, *receiver, diagnostics);
    receiver->where = name.where;
    entry.finish();
  }
}

void lay_intervals_over(const yaml::Node& node, Routing& routing, Diagnostics& diagnostics) {
  yaml::Mapping(node, "time_intervals", diagnostics);
  for (const auto& [name, value] : node.entries) {
    auto spans = read_spans(value, diagnostics);
    if (auto* interval = find_named(routing.time_intervals, name.scalar)) {
      interval->spans = std::move(spans);
      interval->where = name.where;
    } else {
      diagnostics.error(name.where,
                        fmt::format("there is no time interval '{}': {}", printable(name.scalar),
                                    there_are(routing.time_intervals, name.scalar)));
    }
  }
}

}  // namespace

void read_site_routing(yaml::Mapping& site, Routing& routing, Diagnostics& diagnostics) {
  if (const auto* node = site.find("receivers")) lay_receivers_over(*node, routing, diagnostics);
  read_time_zone(site, routing.time_zone, diagnostics);
  if (const auto* node = site.find("time_intervals")) {
    lay_intervals_over(*node, routing, diagnostics);
  }
  const auto within = site.duration("instant_within", routing.instant_within);
  if (within < 10s || within > 15min) {
    diagnostics.error(
        site.where("instant_within"),
        fmt::format("instant_within must be from 10s to 15m, not {}", format_duration(within)));
  } else {
    routing.instant_within = within;
  }
}

}  // namespace basewatch::catalog
