#include "catalog/load/slo_rules.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
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

// What the marks of an objective's series stand for where this share of the events goes wrong.
struct Share {
  std::int64_t bad, events;

  Share(double ratio, std::int64_t all)
      : bad(std::llround(ratio * static_cast<double>(all))), events(all) {}
  std::int64_t good() const { return events - bad; }
  double up() const { return static_cast<double>(good()) / static_cast<double>(events); }
  std::optional<std::int64_t> counted(std::string_view mark) const {
    if (mark == "{{bad}}") return bad;
    if (mark == "{{good}}") return good();
    if (mark == "{{all}}") return events;
    return std::nullopt;
  }
};

// The series of a test in which this share of the events goes wrong.
std::vector<std::pair<Text, Text>> fed(const SloEntry& slo, double ratio, std::int64_t events) {
  const Share share(ratio, events);
  auto series = slo.series;
  for (auto& [name, text] : series) {
    for (const std::string_view mark : {"{{bad}}", "{{good}}", "{{all}}", "{{up}}"}) {
      const auto counted = share.counted(mark);
      const auto value = counted ? fmt::to_string(*counted) : fmt::to_string(share.up());
      for (std::size_t at = 0; (at = text.value.find(mark, at)) != std::string::npos;) {
        text.value.replace(at, mark.size(), value);
      }
    }
    text.anchors.clear();
  }
  return series;
}

// The same where the share is another after `begin` minutes, and stays so to the end; nothing where
// a series is made in a way of its own, which cannot be taken apart.
std::optional<std::vector<std::pair<Text, Text>>> fed_in_turn(const SloEntry& slo,
                                                              const Share& before, int begin,
                                                              const Share& then, int end) {
  auto series = slo.series;
  for (auto& [name, text] : series) {
    std::string_view form = text.value;
    const bool counts = form.starts_with("0+");
    if (counts) form.remove_prefix(2);
    const auto mark = form.substr(0, form.find("}}") + 2);
    const auto first = before.counted(mark), second = then.counted(mark);
    text.anchors.clear();
    if (counts && first) {
      text.value = fmt::format("0+{}x{} {}+{}x{}", *first, begin, *first * begin + *second, *second,
                               end - begin);
    } else if (!counts && mark == "{{up}}") {
      text.value = fmt::format("{}x{} {}x{}", before.up(), begin, then.up(), end - begin);
    } else {
      return std::nullopt;
    }
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
    for (const bool longer_above : {false, true}) {
      if (auto one = one_window(pace, longer_above)) entry.quiet.push_back(std::move(*one));
    }
    if (pace.suffix == "Burns") {  // up to where the other one pages
      const auto next = kPaces[0].factor * (1 - number());
      entry.fires.push_back(test(pace, 0.95 * next, true));
      entry.quiet.push_back(test(pace, 1.05 * next, false));
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

  // A case in which one window is above its limit and the other just below: what began only now, or
  // is over. Minutes; shares are given as parts of the limit.
  std::optional<TestCase> one_window(const Pace& pace, bool longer_above) const {
    constexpr double kAbove = 1.05, kBelow = 0.95;
    constexpr double kLag = 2.5;  // of a rate over five minutes
    const bool slowly = pace.suffix == "BurnsSlowly";
    // What is over 3 days goes by whole hours, and 6 hours are more than there is: they see it all.
    const double all = slowly ? 170 : 70, end = slowly ? 50 : pace.shorter == "5m" ? 10 : 35;
    const double seen = pace.longer == "1h" ? 60 : all;
    double before = 0, then = 0;
    if (slowly) {
      before = longer_above ? kAbove : kBelow;
      then = ((longer_above ? kBelow : kAbove) * all - before * (all - end + kLag)) / (end - kLag);
    } else if (longer_above) {
      before = 2, then = kBelow;
    } else {
      then = 1.5;
      before = (kBelow * seen - then * (end - kLag)) / (seen - end + kLag);
    }
    const double limit = pace.factor * (1 - number());
    const int begin = static_cast<int>(all - end);
    auto series = fed_in_turn(slo_, {before * limit, kEventsAMinute}, begin,
                              {then * limit, kEventsAMinute}, static_cast<int>(all) + 5);
    if (!series) return std::nullopt;
    TestCase out;
    out.where = slo_.where;
    out.at = std::chrono::minutes(static_cast<int>(all));
    out.series = std::move(*series);
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
