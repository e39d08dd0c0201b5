#include "catalog/compiler/alert_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"
#include "catalog/compiler/promql_text.h"

namespace basewatch::catalog {
namespace {

using Names = std::set<std::string, std::less<>>;

const Place* node_of(const Site& site, const Place& instance) {
  const auto node = instance.name.substr(0, instance.name.find('/'));
  const auto found = std::ranges::find_if(site.places, [&](const Place& place) {
    return place.kind == Place::Kind::node && place.name == node;
  });
  return found == site.places.end() ? nullptr : &*found;
}

// What stands in the alert's expression and texts.
Names thresholds_of(const Program& program, const AlertEntry& alert) {
  auto names = program.of(alert).expansion.thresholds;
  Diagnostics told_already;
  for (const auto* text : {&alert.summary, &alert.description}) {
    names.merge(expand_annotation(*text, program.site(), told_already).thresholds);
  }
  return names;
}

// The places at which an alert differs from what it is elsewhere, in groups that have the same
// limits.
class Division {
 public:
  struct Group {
    std::vector<const Place*> places;
    std::map<std::string, double> limits;
    bool without = false;
  };

  Division(const Program& program, const AlertEntry& alert)
      : site_(program.site()), alert_(alert), names_(thresholds_of(program, alert)) {
    for (const auto kind : {Place::Kind::node, Place::Kind::instance}) {
      for (const auto& place : site_.places) {
        if (place.kind == kind && tells_apart(program.of(alert), place)) add(place);
      }
    }
  }

  std::vector<Group> take() { return std::move(groups_); }

 private:
  void add(const Place& place) {
    Group group{{&place}, {}, is_without(place)};
    bool apart = group.without;
    for (const auto& name : names_) {
      group.limits[name] = limit_at(site_, name, place);
      apart |= group.limits[name] != site_.thresholds.at(name).value;
    }
    // An instance of a node that is apart has to be kept out of the node's rule.
    const auto* node = place.kind == Place::Kind::instance ? node_of(site_, place) : nullptr;
    apart |= apart_.contains(node);
    if (!apart) return;
    apart_.insert(&place);
    if (group.without) group.limits.clear();
    const auto same = std::ranges::find_if(groups_, [&](const Group& known) {
      return known.places.front()->kind == place.kind && known.without == group.without &&
             known.limits == group.limits;
    });
    if (same == groups_.end()) {
      groups_.push_back(std::move(group));
    } else {
      same->places.push_back(&place);
    }
  }

  bool is_without(const Place& place) const {
    if (place.without.contains(alert_.name.value)) return true;
    const auto* node = place.kind == Place::Kind::instance ? node_of(site_, place) : nullptr;
    return node && is_without(*node);
  }

  const Site& site_;
  const AlertEntry& alert_;
  Names names_;
  std::set<const Place*> apart_;
  std::vector<Group> groups_;
};

std::vector<Division::Group> groups_of(const Program& program, const AlertEntry& alert) {
  return Division(program, alert).take();
}

// ` and on (node) (...)`: the places, whether or not Prometheus has anything of them.
std::string filter(std::string_view op, const std::vector<const Place*>& places) {
  if (places.empty()) return "";
  std::vector<std::string> all;
  for (const auto* place : places) {
    all.push_back(fmt::format("label_replace(vector(0), \"{}\", {}, \"\", \"\")", place->label(),
                              promql_string(without_groups(place->name))));
  }
  return fmt::format("\n{} on ({}) (\n  {}\n)", op, places.front()->label(), join(all, "\n  or "));
}

AlertRule rule_with(const Site& site, const AlertEntry& alert) {
  Diagnostics told_already;
  const auto text = [&](const Text& annotation) {
    return std::string(trim(expand_annotation(annotation, site, told_already).text.value));
  };
  return {expand_expression(alert.expr, site, told_already).text, text(alert.summary),
          text(alert.description)};
}

std::string is_one_of(const std::vector<const Place*>& places) {
  std::string names;
  for (const auto* place : places) names += " " + promql_string(place->name);
  return fmt::format("eq $labels.{}{}", places.front()->label(), names);
}

}  // namespace

std::optional<AlertRule> rule_of(const Program& program, const AlertEntry& alert) {
  const auto& site = program.site();
  if (!is_wanted(program, alert)) return std::nullopt;
  auto out = rule_with(site, alert);
  const auto groups = groups_of(program, alert);
  if (groups.empty()) return out;
  const auto kind_of = [](const Division::Group& group) { return group.places.front()->kind; };
  std::vector<const Place*> nodes, instances;
  for (const auto& group : groups) {
    auto& list = kind_of(group) == Place::Kind::node ? nodes : instances;
    list.insert(list.end(), group.places.begin(), group.places.end());
  }
  const auto common = out;
  const auto restricted = [](const AlertRule& rule, const std::string& filters) {
    return fmt::format("(\n{}\n){}", trim(rule.expr.value), filters);
  };
  auto expr = restricted(common, filter("unless", nodes) + filter("unless", instances));
  // Groups of nodes come first and are asked last: an instance is also on its node.
  for (const auto& group : groups) {
    if (group.without) continue;
    auto there = site;
    for (const auto& [name, limit] : group.limits) there.thresholds.at(name).value = limit;
    const auto rule = rule_with(there, alert);
    const bool of_nodes = kind_of(group) == Place::Kind::node;
    expr += "\nor\n" + restricted(rule, filter("and", group.places) +
                                            (of_nodes ? filter("unless", instances) : ""));
    const auto choose = [&](std::string& text, const std::string& ours) {
      if (ours == text) return;
      text = fmt::format("{{{{ if {} }}}}{}{{{{ else }}}}{}{{{{ end }}}}", is_one_of(group.places),
                         ours, text);
    };
    choose(out.summary, rule.summary);
    choose(out.description, rule.description);
  }
  out.expr.value = std::move(expr);
  out.expr.anchors.clear();  // nobody looks for a mistake in it any more
  return out;
}

bool is_wanted(const Program& program, const AlertEntry& alert) {
  return !program.site().without.contains(alert.name.value);
}

bool tells_apart(const Expression& expression, const Place& place) {
  const auto& labels = expression.analysis.labels;
  return labels.open || labels.names.contains(std::string(place.label()));
}

double limit_at(const Site& site, const std::string& name, const Place& place) {
  if (const auto own = place.limits.find(name); own != place.limits.end()) {
    return own->second.value;
  }
  if (place.kind == Place::Kind::instance) {
    const auto* node = node_of(site, place);
    return node ? limit_at(site, name, *node) : site.thresholds.at(name).value;
  }
  const auto& threshold = site.thresholds.at(name);
  const auto sized = threshold.by_size.find(place.size.value_or(site.size));
  return threshold.written || sized == threshold.by_size.end() ? threshold.value : sized->second;
}

double limit_for(const Program& program, const AlertEntry& alert, const std::string& threshold,
                 const std::map<std::string, std::string>& labels) {
  auto limit = program.site().thresholds.at(threshold).value;
  // Instances come last and have the last word.
  for (const auto& group : groups_of(program, alert)) {
    const auto own = group.limits.find(threshold);
    for (const auto* place : group.places) {
      const auto label = labels.find(std::string(place->label()));
      if (own != group.limits.end() && label != labels.end() && label->second == place->name) {
        limit = own->second;
      }
    }
  }
  return limit;
}

std::string other_limits(const Program& program, const AlertEntry& alert,
                         const std::string& threshold) {
  std::vector<std::string> all;
  const auto common = program.site().thresholds.at(threshold).value;
  for (const auto& group : groups_of(program, alert)) {
    const auto limit = group.limits.find(threshold);
    if (limit == group.limits.end() || limit->second == common) continue;
    for (const auto* place : group.places) {
      all.push_back(fmt::format("{}: {}", place->name, format_double(limit->second)));
    }
  }
  return join(all, ", ");
}

bool is_uniform(const Program& program, const AlertEntry& alert) {
  return groups_of(program, alert).empty();
}

bool is_apart(const Program& program, const AlertEntry& alert,
              const std::vector<std::string>& series) {
  for (const auto& group : groups_of(program, alert)) {
    for (const auto* place : group.places) {
      const auto matcher = fmt::format("{}={}", place->label(), promql_string(place->name));
      if (std::ranges::any_of(series, [&](const auto& one) {
            return one.find(matcher) != std::string::npos;
          })) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace basewatch::catalog
