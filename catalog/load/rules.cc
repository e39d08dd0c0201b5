#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

bool is_small(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// level:metric:operations, as in instance:node_cpu_seconds:rate5m.
bool is_recorded_name(std::string_view name) {
  const auto parts = split(name, ':');
  return parts.size() == 3 && !parts[0].empty() && std::ranges::all_of(parts[0], is_small) &&
         is_label_name(parts[1]) && !parts[2].empty() &&
         std::ranges::all_of(parts[2], [](char c) { return is_small(c) || is_digit(c); });
}

// expect: 0.05, or {'{mountpoint="/"}': 0.05, ...}, or {} where nothing may be recorded.
void read_expected(const yaml::Node& node, RuleTest& test, Diagnostics& diagnostics) {
  const auto add = [&](Text labels, const yaml::Node& value) {
    if (!yaml::as_number(value, "an expected value", diagnostics)) return;
    test.expect.push_back({std::move(labels), Text{value.scalar, value.where, value.anchors}});
  };
  if (node.kind == yaml::Kind::scalar) return add({}, node);
  if (node.kind != yaml::Kind::mapping) {
    return diagnostics.error(node.where,
                             "expect must be a number, or a mapping of labels to numbers such as "
                             "{'{mountpoint=\"/\"}': 0.05}; {} where nothing is recorded");
  }
  for (const auto& [labels, value] : node.entries) {
    add(Text{labels.scalar, labels.where, labels.anchors}, value);
  }
}

void read_tests(yaml::Mapping& entry, RuleEntry& rule, Diagnostics& diagnostics) {
  const auto* list = entry.find("tests");
  if (!list) return;
  if (list->kind != yaml::Kind::sequence) {
    return diagnostics.error(list->where,
                             "tests of a rule must be a list of cases, each with a '-'");
  }
  for (const auto& item : list->items) {
    yaml::Mapping fields(item, "a test of a rule", diagnostics);
    RuleTest test;
    test.where = item.where;
    fields.required("at");
    test.at = fields.duration("at", Duration::zero());
    test.series = read_test_series(fields, diagnostics);
    if (const auto* expect = fields.required("expect")) read_expected(*expect, test, diagnostics);
    fields.finish();
    rule.tests.push_back(std::move(test));
  }
}

void read_rule(const yaml::Node& node, Subject& subject, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "a rule", diagnostics);
  RuleEntry rule;
  rule.where = node.where;
  rule.record = required_text(entry, "record", diagnostics);
  if (!rule.record.value.empty() && !is_recorded_name(rule.record.value)) {
    diagnostics.error(rule.record.where,
                      fmt::format("'{}' is no name for a recorded series: write "
                                  "level:metric:operations, as in instance:node_cpu_seconds:rate5m",
                                  printable(rule.record.value)));
  }
  rule.expr = required_text(entry, "expr", diagnostics);
  rule.help = entry.required_string("help");
  if (!rule.help.empty() && !rule.help.ends_with('.')) {
    diagnostics.error(entry.where("help"), "help must be a sentence that ends with a period");
  }
  rule.documented_use = entry.string("used_by");
  read_tests(entry, rule, diagnostics);
  entry.finish();
  if (!rule.record.value.empty()) subject.rules.push_back(std::move(rule));
}

}  // namespace

void read_rules(const yaml::Node& list, Subject& subject, Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where, "rules must be a list of entries, each with a '-'");
    return;
  }
  for (const auto& node : list.items) read_rule(node, subject, reading.diagnostics);
}

}  // namespace basewatch::catalog
