#include "catalog/load/routing.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/named.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string_view> kPriorities{"P1", "P2", "P3", "P4", "P5"};

class RoutingReader {
 public:
  explicit RoutingReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Routing read(const yaml::Node& root) {
    yaml::Mapping file(root, "routing.yml", diagnostics_);
    routing_.where = root.where;
    read_version(file, diagnostics_);
    if (const auto* node = file.required("receivers")) read_receivers(*node);
    routing_.fallback = file.required_string("fallback");
    check_receiver(routing_.fallback, file.where("fallback"));
    read_time_zone(file, routing_.time_zone, diagnostics_);
    if (const auto* node = file.find("time_intervals")) read_intervals(*node);
    if (const auto* node = file.find("instant")) read_instant(*node);
    if (const auto* node = file.required("routes")) read_routes(*node);
    if (const auto* node = file.find("inhibit")) read_inhibitions(*node);
    file.finish();
    check_every_priority();
    return std::move(routing_);
  }

 private:
  void error(const Location& where, std::string message) {
    diagnostics_.error(where, std::move(message));
  }

  std::string read_help(yaml::Mapping& entry) {
    auto help = entry.required_string("help");
    if (!help.empty() && !help.ends_with('.')) {
      error(entry.where("help"), "help must be a sentence that ends with a period");
    }
    return help;
  }

  // Names become names in Alertmanager's file, and words of a test's command line.
  void check_name(const std::string& name, const Location& where) {
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (name.empty() || !std::ranges::all_of(name, plain)) {
      error(where, fmt::format("'{}' is no name here: write small letters, digits, '-' and '_'",
                               printable(name)));
    }
  }

  void check_receiver(const std::string& name, const Location& where) {
    if (name.empty() || routing_.receiver(name)) return;
    error(where, fmt::format("there is no receiver '{}': {}", printable(name),
                             there_are(routing_.receivers, name)));
  }

  void read_receivers(const yaml::Node& node) {
    yaml::Mapping(node, "receivers", diagnostics_);
    for (const auto& [name, value] : node.entries) {
      yaml::Mapping entry(value, "a receiver", diagnostics_);
      Receiver receiver;
      receiver.name = name.scalar;
      receiver.where = name.where;
      check_name(receiver.name, name.where);
      receiver.help = read_help(entry);
      receiver.send_resolved = entry.flag("send_resolved", true);
      entry.finish();
      routing_.receivers.push_back(std::move(receiver));
    }
  }

  void read_intervals(const yaml::Node& node) {
    yaml::Mapping(node, "time_intervals", diagnostics_);
    for (const auto& [name, value] : node.entries) {
      yaml::Mapping entry(value, "a time interval", diagnostics_);
      TimeInterval interval;
      interval.name = name.scalar;
      interval.where = name.where;
      check_name(interval.name, name.where);
      interval.help = read_help(entry);
      if (const auto* spans = entry.required("spans")) {
        interval.spans = read_spans(*spans, diagnostics_);
      }
      entry.finish();
      routing_.time_intervals.push_back(std::move(interval));
    }
  }

  void read_instant(const yaml::Node& node) {
    yaml::Mapping instant(node, "instant", diagnostics_);
    routing_.instant_within = instant.duration("within", routing_.instant_within);
    routing_.delivery = instant.duration("delivery", routing_.delivery);
    if (routing_.instant_within <= routing_.delivery) {
      error(node.where, "within must be longer than delivery, which is part of it");
    }
    instant.finish();
  }

  void read_routes(const yaml::Node& node) {
    if (node.kind != yaml::Kind::sequence) {
      error(node.where, "routes must be a list, each route with a '-'");
    }
    for (const auto& item : node.items) routing_.routes.push_back(read_route(item));
  }

  Route read_route(const yaml::Node& node) {
    yaml::Mapping entry(node, "a route", diagnostics_);
    Route route;
    route.where = node.where;
    route.name = entry.required_string("route");
    check_name(route.name, entry.where("route"));
    if (find_named(routing_.routes, route.name)) {
      error(entry.where("route"), fmt::format("there are two routes '{}'", printable(route.name)));
    }
    route.help = read_help(entry);
    route.priorities = entry.strings("priority");
    if (route.priorities.empty()) {
      error(entry.where("priority"), "a route needs priority, a list of P1 to P5");
    }
    for (const auto& priority : route.priorities) {
      if (std::ranges::find(kPriorities, priority) == kPriorities.end()) {
        error(entry.where("priority"),
              fmt::format("'{}' is no priority: there are P1 to P5", printable(priority)));
      }
    }
    route.receiver = entry.required_string("receiver");
    check_receiver(route.receiver, entry.where("receiver"));
    read_grouping(entry, route);
    route.goes_on = entry.flag("continue", false);
    route.active = read_interval_names(entry, "active");
    route.muted = read_interval_names(entry, "mute");
    entry.finish();
    return route;
  }

  void read_grouping(yaml::Mapping& entry, Route& route) {
    route.group_by = entry.strings("group_by");
    const bool every = std::ranges::find(route.group_by, "...") != route.group_by.end();
    const bool labels = std::ranges::all_of(
        route.group_by, [](const auto& label) { return label == "..." || is_label_name(label); });
    if (route.group_by.empty() || !labels || (every && route.group_by.size() > 1)) {
      error(entry.where("group_by"),
            "group_by must be a list of labels, or [\"...\"] for every alert by itself");
    }
    for (const auto* key : {"group_wait", "group_interval", "repeat"}) entry.required(key);
    route.group_wait = entry.duration("group_wait", 30s);
    route.group_interval = entry.duration("group_interval", 5min);
    route.repeat = entry.duration("repeat", 4h);
    check_positive(entry, "group_interval", route.group_interval);
    check_positive(entry, "repeat", route.repeat);
    if (route.repeat < route.group_interval) {
      error(
          entry.where("repeat"),
          fmt::format("repeat {} has no effect below group_interval {}: a group is looked at only "
                      "that often",
                      format_duration(route.repeat), format_duration(route.group_interval)));
    }
    if (const auto* node = entry.find("instant")) {
      yaml::Mapping instant(*node, "instant", diagnostics_);
      for (const auto* key : {"group_wait", "group_interval"}) instant.required(key);
      route.instant = Route::Instant{instant.duration("group_wait", route.group_wait),
                                     instant.duration("group_interval", route.group_interval)};
      check_positive(instant, "group_interval", route.instant->group_interval);
      instant.finish();
    }
  }

  void check_positive(yaml::Mapping& entry, std::string_view key, Duration value) {
    if (value <= 0s) error(entry.where(key), fmt::format("{} must be more than 0s", key));
  }

  std::vector<std::string> read_interval_names(yaml::Mapping& entry, std::string_view key) {
    auto names = entry.strings(key);
    for (const auto& name : names) {
      if (find_named(routing_.time_intervals, name)) continue;
      error(entry.where(key), fmt::format("there is no time interval '{}': {}", printable(name),
                                          there_are(routing_.time_intervals, name)));
    }
    return names;
  }

  // An alert that falls through to the fallback would be nobody's by accident, and a route behind
  // one that takes the same and does not go on would never be reached.
  void check_every_priority() {
    if (routing_.routes.empty()) return;
    for (const auto& priority : kPriorities) {
      const Route* last = nullptr;
      for (const auto& route : routing_.routes) {
        if (!route.takes(std::string(priority))) continue;
        if (last && !last->goes_on) {
          error(route.where, fmt::format("the route '{}' never gets {}: '{}' takes it and has no "
                                         "'continue: true'",
                                         route.name, priority, last->name));
        }
        last = &route;
      }
      if (!last) error(routing_.where, fmt::format("no route takes priority {}", priority));
    }
  }

  void read_inhibitions(const yaml::Node& node) {
    if (node.kind != yaml::Kind::sequence) {
      error(node.where, "inhibit must be a list, each entry with a '-'");
    }
    for (const auto& item : node.items) {
      yaml::Mapping entry(item, "an inhibition", diagnostics_);
      Inhibition inhibition;
      inhibition.where = item.where;
      inhibition.help = read_help(entry);
      inhibition.sources = read_names(entry, "source", "alerts");
      const auto* target = entry.required("target");
      const bool all = target && target->kind == yaml::Kind::scalar && target->scalar == "all";
      if (!all) inhibition.targets = read_names(entry, "target", "alerts, or the word all");
      inhibition.equal = read_names(entry, "equal", "labels");
      entry.finish();
      routing_.inhibitions.push_back(std::move(inhibition));
    }
  }

  std::vector<Text> read_names(yaml::Mapping& entry, std::string_view key, std::string_view of) {
    std::vector<Text> names;
    const auto* node = entry.required(key);
    if (!node) return names;
    for (const auto& item : node->items) {
      auto name = yaml::as_string(item, fmt::format("each of {}", key), diagnostics_);
      if (!name) continue;
      if (!is_label_name(*name)) {  // the letters of alerts' names, too
        error(item.where,
              fmt::format("'{}' is no name: write letters, digits and '_' only", printable(*name)));
      } else {
        names.push_back({*name, item.where, item.anchors});
      }
    }
    if (node->kind != yaml::Kind::sequence || node->items.empty()) {
      error(node->where, fmt::format("{} must be a list of {}", key, of));
    }
    return names;
  }

  Diagnostics& diagnostics_;
  Routing routing_;
};

}  // namespace

Routing read_routing(const yaml::Node& root, Diagnostics& diagnostics) {
  return RoutingReader(diagnostics).read(root);
}

}  // namespace basewatch::catalog
