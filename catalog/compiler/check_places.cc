#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/checks.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

class PlacesCheck {
 public:
  PlacesCheck(const Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {}

  void run() {
    for (const auto& [name, where] : program_.site().without) known_alert(name, where);
    for (const auto& place : program_.site().places) {
      for (const auto& [name, limit] : place.limits) check_limit(place, name, limit.where);
      for (const auto& [name, where] : place.without) check_without(place, name, where);
    }
  }

 private:
  template <typename See>
  void each_alert(See see) const {
    for (const auto* subject : program_.subjects()) {
      for (const auto& alert : subject->alerts) see(alert);
    }
  }

  void check_limit(const Place& place, const std::string& name, const Location& where) {
    bool used = false;
    const auto refuse = [&](std::string_view what, const std::string& whose,
                            std::string_view why) {
      report(diagnostics_, where, "place",
             fmt::format("the threshold {} cannot be another one at the {} {}: the {} {} {}; set "
                         "it for the whole site",
                         name, place.label(), printable(place.name), what, whose, why));
    };
    for (const auto* subject : program_.subjects()) {
      for (const auto& rule : subject->rules) {
        if (!program_.of(rule).expansion.thresholds.contains(name)) continue;
        return refuse("rule", rule.record.value, "records with it for all alike");
      }
      for (const auto& alert : subject->alerts) {
        const auto& expression = program_.of(alert);
        if (!expression.tree || !expression.expansion.thresholds.contains(name)) continue;
        used = true;
        if (tells_apart(expression, place)) continue;
        return refuse("alert", alert.name.value,
                      fmt::format("has no label '{}' to know it by", place.label()));
      }
    }
    if (used) return;
    report(diagnostics_, where, "place",
           fmt::format("no alert compares with the threshold {}, so that no {} can have another "
                       "one: set it for the whole site",
                       name, place.label()));
  }

  void check_without(const Place& place, const std::string& name, const Location& where) {
    const auto* alert = known_alert(name, where);
    if (!alert || tells_apart(program_.of(*alert), place)) return;
    report(diagnostics_, where, "place",
           fmt::format("the alert {} cannot leave out the {} {}, because it has no label '{}' to "
                       "know it by; leave it out for the whole site, or not at all",
                       name, place.label(), printable(place.name), place.label()));
  }

  const AlertEntry* known_alert(const std::string& name, const Location& where) {
    const AlertEntry* found = nullptr;
    std::vector<std::string_view> names;
    each_alert([&](const AlertEntry& alert) {
      if (alert.name.value == name) found = &alert;
      names.push_back(alert.name.value);
    });
    if (found && found->scope == AlertScope::fleet && found->priority == "P5") {
      report(diagnostics_, where, "place",
             fmt::format("{} is the heartbeat by which somebody outside knows that alerts still "
                         "arrive: it cannot be left out",
                         name));
      return nullptr;
    }
    if (found) return found;
    const auto guess = nearest(name, names);
    report(diagnostics_, where, "place",
           fmt::format("there is no alert '{}': {}", printable(name),
                       guess.empty() ? "docs/runbooks/README.md lists them"
                                     : fmt::format("did you mean '{}'?", guess)));
    return nullptr;
  }

  const Program& program_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_places(const Program& program, Diagnostics& diagnostics) {
  PlacesCheck(program, diagnostics).run();
}

}  // namespace basewatch::catalog
