#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;

bool is_camel_case(std::string_view name) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.front() >= 'A' && name.front() <= 'Z' &&
         std::ranges::all_of(name, letter_or_digit) &&
         std::ranges::any_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

class AlertReader {
 public:
  AlertReader(const yaml::Node& node, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics), entry_(node, "an alert", diagnostics) {}

  AlertEntry read() {
    alert_.where = node_.where;
    alert_.name = required_text(entry_, "alert", diagnostics_);
    if (!alert_.name.value.empty() && !is_camel_case(alert_.name.value)) {
      error("alert", fmt::format("'{}' is no name for an alert: write it in CamelCase, as in "
                                 "NodeMemoryLow",
                                 printable(alert_.name.value)));
    }
    alert_.expr = required_text(entry_, "expr", diagnostics_);
    read_threshold();
    read_urgency();
    read_times();
    alert_.scope =
        entry_.choice("scope", 0, {"node", "fleet"}) == 1 ? AlertScope::fleet : AlertScope::node;
    read_labels();
    alert_.summary = required_text(entry_, "summary", diagnostics_);
    if (alert_.summary.value.find('\n') != std::string::npos) {
      error("summary", "summary must be one line: what follows belongs into description");
    }
    alert_.description = required_text(entry_, "description", diagnostics_);
    read_absence();
    read_runbook();
    read_tests();
    entry_.finish();
    return std::move(alert_);
  }

 private:
  void error(std::string_view key, std::string message) {
    diagnostics_.error(entry_.where(key), std::move(message));
  }

  void read_threshold() {
    constexpr std::string_view kMark = "{{threshold.";
    const std::string_view expr = alert_.expr.value;
    const auto begin = expr.find(kMark);
    if (begin == std::string_view::npos) return;
    const auto rest = expr.substr(begin + kMark.size());
    alert_.threshold = trim(rest.substr(0, rest.find("}}")));
  }

  void read_urgency() {
    alert_.alert_class = entry_.choice("class", 0, {"normal", "instant"}) == 1 ? AlertClass::instant
                                                                               : AlertClass::normal;
    const bool has_severity = entry_.required("severity");
    alert_.severity =
        static_cast<AlertSeverity>(entry_.choice("severity", 1, {"critical", "warning", "info"}));
    const bool has_priority = entry_.required("priority");
    const std::vector<std::string_view> priorities{"P1", "P2", "P3", "P4", "P5"};
    const auto priority = entry_.choice("priority", 2, priorities);
    alert_.priority = priorities[priority];
    if (!has_severity || !has_priority) return;
    struct Range {
      std::string_view severity, text;
      std::size_t first, last;
    };
    constexpr Range kRanges[] = {{"critical", "P1 or P2", 0, 1},
                                 {"warning", "P2, P3 or P4", 1, 3},
                                 {"info", "P4 or P5", 3, 4}};
    const auto& range = kRanges[static_cast<std::size_t>(alert_.severity)];
    if (priority < range.first || priority > range.last) {
      error("priority", fmt::format("priority {} does not go with severity {}: write {}",
                                    alert_.priority, range.severity, range.text));
    }
  }

  void read_times() {
    const bool given = entry_.find("for");
    alert_.hold = entry_.duration("for", Duration::zero());
    alert_.keep_firing = entry_.duration("keep_firing_for", Duration::zero());
    const bool heartbeat = alert_.priority == "P5";
    if (!given && !heartbeat) {
      error("for", "an alert needs a 'for': how long it must hold before anybody is told");
    } else if (alert_.alert_class == AlertClass::instant && alert_.hold > 1min) {
      error("for", fmt::format("an alert of class instant pages within a minute, so for may be at "
                               "most 1m, not {}",
                               format_duration(alert_.hold)));
    } else if (alert_.alert_class == AlertClass::normal && !heartbeat && alert_.hold < 2min) {
      error("for", fmt::format("for must be at least 2m, not {}, so that a restart pages nobody; "
                               "only class: instant may be quicker",
                               format_duration(alert_.hold)));
    }
  }

  void read_labels() {
    const auto* labels = entry_.find("labels");
    if (!labels) return;
    constexpr auto kOurs = std::to_array<std::string_view>(
        {"alertname", "severity", "priority", "class", "job", "instance", "node"});
    yaml::Mapping(*labels, "labels", diagnostics_);
    for (const auto& [name, value] : labels->entries) {
      const auto text = yaml::as_string(value, "a label", diagnostics_).value_or("");
      if (!is_label_name(name.scalar) || name.scalar.starts_with("__")) {
        diagnostics_.error(name.where,
                           fmt::format("'{}' is no label name: write letters, digits and "
                                       "'_' only, and no '__' in front",
                                       printable(name.scalar)));
      } else if (std::ranges::find(kOurs, name.scalar) != kOurs.end()) {
        diagnostics_.error(name.where, fmt::format("the label '{}' is set by the compiler or the "
                                                   "target: choose another name",
                                                   name.scalar));
      } else if (text.find("$value") != std::string::npos) {
        diagnostics_.error(value.where,
                           "$value in a label makes a new alert at every evaluation: write it in "
                           "the description [value-in-label]");
      } else if (text.find("{{") != std::string::npos) {
        diagnostics_.error(value.where,
                           "labels of an alert are static: write the template in the "
                           "description");
      }
      alert_.labels[name.scalar] = text;
    }
  }

  void read_absence() {
    const auto* node = entry_.find("absence");
    if (!node || (node->kind == yaml::Kind::scalar && node->scalar == "agent")) return;
    if (node->kind != yaml::Kind::mapping) {
      error("absence",
            "absence must be agent, or {none: REASON} where nothing has to notice that the "
            "series are gone");
      return;
    }
    yaml::Mapping absence(*node, "absence", diagnostics_);
    alert_.absence = Absence::none;
    alert_.absence_reason = absence.required_string("none");
    absence.finish();
  }

  void read_runbook() {
    const auto* node = entry_.required("runbook");
    if (!node) return;
    yaml::Mapping runbook(*node, "runbook", diagnostics_);
    alert_.runbook.meaning = runbook.required_string("meaning");
    alert_.runbook.impact = runbook.required_string("impact");
    alert_.runbook.diagnosis = runbook.required_string("diagnosis");
    alert_.runbook.mitigation = runbook.required_string("mitigation");
    runbook.finish();
  }

  void read_tests() {
    const auto* node = entry_.find("tests");  // that there are any is for the compiler to ask
    if (!node) return;
    yaml::Mapping tests(*node, "tests", diagnostics_);
    read_cases(tests, "fires", alert_.fires);
    read_cases(tests, "quiet", alert_.quiet);
    tests.finish();
  }

  void read_cases(yaml::Mapping& tests, std::string_view key, std::vector<TestCase>& cases) {
    const auto* list = tests.find(key);
    if (!list) return;
    if (list->kind != yaml::Kind::sequence) {
      diagnostics_.error(list->where,
                         fmt::format("{} must be a list of cases, each with a '-'", key));
    }
    for (const auto& item : list->items) cases.push_back(read_case(item, key == "fires"));
  }

  TestCase read_case(const yaml::Node& node, bool fires) {
    yaml::Mapping entry(node, "a test case", diagnostics_);
    TestCase test;
    test.where = node.where;
    entry.required("at");
    test.at = entry.duration("at", Duration::zero());
    test.series = read_test_series(entry, diagnostics_);
    if (fires) {
      read_since(entry, test);
      if (const auto* expect = entry.find("expect")) {
        yaml::Mapping(*expect, "expect", diagnostics_);
        for (const auto& [name, value] : expect->entries) {
          test.expect[name.scalar] =
              yaml::as_string(value, "a label of expect", diagnostics_).value_or("");
        }
      }
      test.summary = entry.string("summary");
      test.description = entry.string("description");
    }
    entry.finish();
    return test;
  }

  void read_since(yaml::Mapping& entry, TestCase& test) {
    if (!entry.find("since")) return;
    test.since = entry.duration("since", Duration::zero());
    const auto first = *test.since + alert_.hold;
    if (test.at >= first) return;
    diagnostics_.error(entry.where("at"),
                       fmt::format("the alert fires {} after the start, since and for together: "
                                   "write at: {} or later",
                                   format_duration(first), format_duration(first)));
  }

  const yaml::Node& node_;
  Diagnostics& diagnostics_;
  yaml::Mapping entry_;
  AlertEntry alert_;
};

}  // namespace

void read_alerts(const yaml::Node& list, Subject& subject, Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where, "alerts must be a list of entries, each with a '-'");
    return;
  }
  for (const auto& node : list.items) {
    auto alert = AlertReader(node, reading.diagnostics).read();
    if (!alert.name.value.empty()) subject.alerts.push_back(std::move(alert));
  }
}

}  // namespace basewatch::catalog
