#include "catalog/compiler/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

const TimeInterval* interval_of(const Routing& routing, const std::string& name) {
  const auto found = std::ranges::find(routing.time_intervals, name, &TimeInterval::name);
  return found == routing.time_intervals.end() ? nullptr : &*found;
}

bool is_one_of(const std::vector<Text>& names, const std::string& name) {
  return std::ranges::find(names, name, &Text::value) != names.end();
}

}  // namespace

std::vector<const Route*> routes_of(const Routing& routing, const AlertEntry& alert) {
  std::vector<const Route*> taken;
  for (const auto& route : routing.routes) {
    if (!route.takes(alert.priority)) continue;
    taken.push_back(&route);
    if (!route.goes_on) break;
  }
  return taken;
}

std::vector<std::string> receivers_of(const Routing& routing, const AlertEntry& alert) {
  std::vector<std::string> names;
  for (const auto* route : routes_of(routing, alert)) names.push_back(route->receiver);
  if (names.empty()) names.push_back(routing.fallback);
  return names;
}

Duration longest_wait(const Route& route, const AlertEntry& alert) {
  const bool own = route.instant && alert.alert_class == AlertClass::instant;
  return own ? std::max(route.instant->group_wait, route.instant->group_interval)
             : std::max(route.group_wait, route.group_interval);
}

std::string in_words(const Routing& routing, const Route& route, const AlertEntry& alert) {
  const bool instant = route.instant && alert.alert_class == AlertClass::instant;
  const auto wait = instant ? route.instant->group_wait : route.group_wait;
  auto out = fmt::format("`{}`: {}, again every {}", route.receiver,
                         wait > Duration::zero() ? "after " + format_duration(wait) : "at once",
                         format_duration(route.repeat));
  for (const auto& name : route.active) {
    if (const auto* interval = interval_of(routing, name)) {
      out += fmt::format("; only {}", in_words(*interval, routing.time_zone));
    }
  }
  for (const auto& name : route.muted) {
    const auto* interval = interval_of(routing, name);
    if (interval && !interval->spans.empty()) {
      out += fmt::format("; not in {} ({})", name, in_words(*interval, routing.time_zone));
    }
  }
  // Where nobody is configured at all, as in the default site, it says nothing about this route.
  const bool any = std::ranges::any_of(routing.receivers, &Receiver::reachable);
  const auto* receiver = routing.receiver(route.receiver);
  if (any && receiver && !receiver->reachable()) {
    out += "; not configured in the site, so nobody hears it";
  }
  return out;
}

std::string clock_text(int minutes) {
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

std::string in_words(const TimeInterval& interval, const std::string& time_zone) {
  std::vector<std::string> spans;
  for (const auto& span : interval.spans) {
    std::vector<std::string> parts;
    for (const auto* ranges : {&span.weekdays, &span.days_of_month, &span.months, &span.years}) {
      if (!ranges->empty()) parts.push_back(join(*ranges, ", "));
    }
    std::vector<std::string> times;
    for (const auto& [begin, end] : span.times) {
      times.push_back(clock_text(begin) + "-" + clock_text(end));
    }
    if (!times.empty()) parts.push_back(join(times, ", "));
    spans.push_back(join(parts, " "));
  }
  if (spans.empty()) return "never";
  return fmt::format("{} ({})", join(spans, " or "), time_zone);
}

bool inhibits(const Inhibition& inhibition, const std::string& source, const std::string& target) {
  return source != target && is_one_of(inhibition.sources, source) &&
         (inhibition.targets.empty() || is_one_of(inhibition.targets, target));
}

}  // namespace basewatch::catalog
