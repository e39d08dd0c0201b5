#include "catalog/load/slo_rules.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kEventsAMinute = 120'000;  // in tests
constexpr std::string_view kTestNode = "db-1";    // that of every test

// From a day on a window adds up the means of its hours: what it reads would be too much otherwise.
struct Window {
  std::string_view name;
  bool of_hours = false;
};
constexpr Window kWindows[] = {{"5m"}, {"30m"}, {"1h"}, {"6h"}, {"1d", true}, {"3d", true}};
constexpr Window kBudget{"30d", true};

// How fast a budget of 30 days burns: `factor` times as fast as it may, over a long window so that
// it matters and over a short one so that it is still so.
struct Pace {
  std::string_view suffix, word, longer, shorter, over;
  double factor;
  Duration hold;
  AlertSeverity severity;
  std::string_view priority;  // empty: the objective's own
  std::string_view gone;      // when nothing is left of it
};
constexpr Pace kPaces[] = {
    {"BurnsFast", "fast", "1h", "5m", "the last hour", 14.4, 2min, AlertSeverity::critical, "",
     "2 days"},
    {"Burns", "steadily", "6h", "30m", "the last 6 hours", 6, 5min, AlertSeverity::warning, "P2",
     "5 days"},
    {"BurnsSlowly", "slowly", "3d", "6h", "the last 3 days", 1, 15min, AlertSeverity::warning, "P3",
     "30 days"},
};

std::string camel(std::string_view name) {
  std::string out;
  bool up = true;
  for (const char c : name) {
    if (c == '_') {
      up = true;
      continue;
    }
    out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    up = false;
  }
  return out;
}

// The series of a test in which this share of the events goes wrong.
std::vector<std::pair<Text, Text>> fed(const SloEntry& slo, double ratio, std::int64_t events) {
  const auto bad = std::llround(ratio * static_cast<double>(events));
  const std::pair<std::string_view, std::string> values[] = {
      {"{{bad}}", fmt::to_string(bad)},
      {"{{good}}", fmt::to_string(events - bad)},
      {"{{all}}", fmt::to_string(events)},
      {"{{up}}", fmt::to_string(static_cast<double>(events - bad) / static_cast<double>(events))},
  };
  auto series = slo.series;
  for (auto& [name, text] : series) {
    for (const auto& [mark, value] : values) {
      for (std::size_t at = 0; (at = text.value.find(mark, at)) != std::string::npos;) {
        text.value.replace(at, mark.size(), value);
      }
    }
    text.anchors.clear();
  }
  return series;
}

std::string ratio_name(const SloEntry& slo, std::string_view window) {
  return fmt::format("instance:slo_{}_errors_per_event:ratio_rate{}", slo.name, window);
}

class Writer {
 public:
  Writer(const SloEntry& slo, Subject& subject) : slo_(slo), subject_(subject) {}

  void write() {
    errors_ = fmt::format("instance:slo_{}_errors:rate5m", slo_.name);
    events_ = fmt::format("instance:slo_{}_events:rate5m", slo_.name);
    // A quarter of four events a second: numbers that stay exact however they are added up.
    const bool counted = counts();
    rule(errors_, slo_.errors, fmt::format("{}: what goes wrong, per second.", slo_.title),
         counted ? "1" : "0.25");
    rule(events_, slo_.events, fmt::format("{}: what there is in all, per second.", slo_.title),
         counted ? "4" : "1");
    rule(hour(errors_), made(fmt::format("avg_over_time({}[1h])", errors_)),
         fmt::format("{}: what goes wrong, per second over an hour.", slo_.title),
         counted ? "1" : "0.25");
    rule(hour(events_), made(fmt::format("avg_over_time({}[1h])", events_)),
         fmt::format("{}: what there is in all, per second over an hour.", slo_.title),
         counted ? "4" : "1");
    for (const auto& window : kWindows) {
      if (window.name == "30m" && slo_.page.empty()) continue;  // only the alerts that page read it
      rule(ratio_name(slo_, window.name), made(share_over(window)),
           fmt::format("{}: share of what went wrong over {}.", slo_.title, window.name),
           window.of_hours ? "1" : "0.25", window.of_hours);
    }
    rule(fmt::format("instance:slo_{}_budget_left:ratio_rate30d", slo_.name),
         made(fmt::format("1 - ({}) / (1 - {})", share_over(kBudget), objective())),
         fmt::format("{}: part of the error budget of 30 days that is left; below 0 it is used up.",
                     slo_.title),
         "", true);
    for (const auto& pace : kPaces) alert(pace);
  }

 private:
  Text made(std::string text) const { return Text{std::move(text), slo_.where, {}}; }
  std::string objective() const { return "{{threshold." + slo_.threshold() + "}}"; }

  // The recorded mean over an hour of a rate over five minutes.
  static std::string hour(const std::string& name) {
    return name.substr(0, name.rfind(':')) + ":rate1h";
  }

  bool counts() const {
    for (const auto& [name, values] : slo_.series) {
      if (values.value.find("{{up}}") != std::string::npos) return false;
    }
    return true;
  }

  std::string share_over(const Window& window) const {
    if (window.name == "5m") return fmt::format("{} / {}", errors_, events_);
    if (window.name == "1h") return fmt::format("{} / {}", hour(errors_), hour(events_));
    if (!window.of_hours) {
      return fmt::format("sum_over_time({0}[{2}]) / sum_over_time({1}[{2}])", errors_, events_,
                         window.name);
    }
    // Before there is a whole hour: what there is.
    return fmt::format("sum_over_time({0}[{2}:1h]) / sum_over_time({1}[{2}:1h]) or {3}",
                       hour(errors_), hour(events_), window.name, ratio_name(slo_, "6h"));
  }

  // `value`: what a quarter of errors makes of it; empty where the objective says it.
  void rule(const std::string& record, const Text& expr, std::string help, std::string_view value,
            bool of_hours = false) {
    RuleEntry entry;
    entry.record = made(record);
    entry.expr = expr;
    entry.help = std::move(help);
    entry.where = slo_.where;
    RuleTest test;
    test.where = slo_.where;
    // What looks at an hour is even after one.
    test.at = of_hours || record.ends_with("1h") ? 70min : 20min;
    if (value.empty()) {  // nothing goes wrong: the whole budget is there
      test.series = fed(slo_, 0, 240);
      value = "1";
    } else {  // the first hour of all is not even: there only what went wrong altogether is exact
      test.series = fed(slo_, of_hours ? 1 : 0.25, 240);
    }
    test.expect.push_back({Text{}, made(std::string(value))});
    entry.tests.push_back(std::move(test));
    subject_.rules.push_back(std::move(entry));
  }

  void alert(const Pace& pace) {
    const bool fast = pace.suffix == "BurnsFast";
    if (slo_.page.empty() && pace.suffix != "BurnsSlowly") return;
    AlertEntry entry;
    entry.where = slo_.where;
    entry.name = made(camel(slo_.name) + "Budget" + std::string(pace.suffix));
    const auto above = [&](std::string_view window, double factor) {
      return fmt::format("{} > {} * (1 - {})", ratio_name(slo_, window), factor, objective());
    };
    auto expr =
        fmt::format("{} and {}", above(pace.longer, pace.factor), above(pace.shorter, pace.factor));
    // What burns fast has paged already.
    if (pace.suffix == "Burns") {
      expr += fmt::format(" unless {}", above(kPaces[0].longer, kPaces[0].factor));
    }
    entry.expr = made(std::move(expr));
    entry.hold = pace.hold;
    entry.severity = pace.severity;
    entry.priority = fast ? slo_.page : std::string(pace.priority);
    entry.threshold = slo_.threshold();
    entry.summary =
        made(fmt::format("{} burns {} on {{{{ $labels.node }}}}", error_budget(), pace.word));
    entry.description = made(fmt::format(
        "{{{{ $value | humanizePercentage }}}} went wrong over {}, {} times what the objective {} "
        "allows for long; at this pace nothing is left of 30 days' budget after {}.",
        pace.over, pace.factor, objective(), pace.gone));
    entry.absence = Absence::none;
    entry.absence_reason = "What is not measured is told by the alerts on its source.";
    entry.runbook = {fmt::format("{} The objective, {} unless your site moves it, lets {:g} of "
                                 "1000 events go wrong in 30 days. They did "
                                 "so {} times as often over {}, and still do over the last {}.",
                                 slo_.help, slo_.objective.value, (1 - number()) * 1000,
                                 pace.factor, pace.over, pace.shorter),
                     slo_.impact, slo_.diagnosis, slo_.mitigation};
    const auto limit = pace.factor * (1 - number());
    entry.fires.push_back(test(pace, 1.05 * limit, true));
    entry.quiet.push_back(test(pace, 0.95 * limit, false));
    if (pace.suffix == "Burns") {  // so fast that the other one pages
      entry.quiet.push_back(test(pace, 1.25 * kPaces[0].factor * (1 - number()), false));
    }
    subject_.alerts.push_back(std::move(entry));
  }

  TestCase test(const Pace& pace, double ratio, bool fires) const {
    TestCase out;
    out.where = slo_.where;
    out.at = pace.suffix == "BurnsSlowly" ? 90min : 40min;
    out.series = fed(slo_, ratio, kEventsAMinute);
    if (!fires) return out;
    out.since = counts() ? 1min : 0min;  // a rate takes two values
    const auto bad = static_cast<double>(std::llround(ratio * static_cast<double>(kEventsAMinute)));
    out.summary = fmt::format("{} burns {} on {}", error_budget(), pace.word, kTestNode);
    out.description = fmt::format(
        "{:.4g}% went wrong over {}, {} times what the objective {} allows for long; at this pace "
        "nothing is left of 30 days' budget after {}.",
        bad / static_cast<double>(kEventsAMinute) * 100, pace.over, pace.factor, number(),
        pace.gone);
    return out;
  }

  std::string error_budget() const { return fmt::format("The error budget of {}", slo_.title); }
  double number() const { return std::stod(slo_.objective.value); }

  const SloEntry& slo_;
  Subject& subject_;
  std::string errors_, events_;
};

}  // namespace

void add_slo(const SloEntry& slo, Subject& subject) {
  Writer(slo, subject).write();
}

}  // namespace basewatch::catalog
