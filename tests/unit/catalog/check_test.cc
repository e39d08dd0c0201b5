#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {
namespace {

constexpr auto kCpu = R"('node_cpu_seconds_total{cpu="0",mode="idle"}': 0+1x30)";
constexpr auto kUp = R"('up{job="{{job.node}}"}': 0x30)";

// One alert over the good catalog, and what is said about it.
std::string told(const std::string& expr, const std::string& series, const std::string& more = "",
                 const std::string& rules = "", const std::string& site = "") {
  auto files = read_fixture("broken-catalogs/base");
  files["node/alerts.yml"] = fmt::format(
      R"(version: 1
alerts:
  - alert: Something
    expr: |
      {}
    for: 5m
    severity: warning
    priority: P3
    {}
    runbook: {{meaning: A., impact: B., diagnosis: C., mitigation: D.}}
    tests:
      fires: [{{at: 10m, series: {{{}}}, summary: x, description: y}}]
      quiet: [{{at: 10m, series: {{}}}}]
)",
      expr, more.empty() ? "summary: Something\n    description: It is." : more, series);
  if (!rules.empty()) files["node/rules.yml"] = "version: 1\nrules:\n" + rules;
  if (!site.empty()) files["default-site.yml"] = "version: 1\n" + site;
  return World(files).diagnostics.text();
}

std::string rule(const std::string& name, const std::string& expr, const std::string& more = "") {
  return fmt::format(
      "  - {{record: '{}', expr: '{}', help: Something.{}, tests: [{{at: 1m, series: {{node_load1: "
      "1x5}}, expect: 1}}]}}\n",
      name, expr, more);
}

}  // namespace

// Each check fires where it should, and the nearest thing that is right passes without a word.
TEST_CASE("expressions of alerts") {
  struct Case {
    const char *code, *bad, *good, *series;
  };
  const Case cases[] = {
      {"unknown-metric", "node_laod1 > 5", "node_load1 > 5", "node_load1: 9x30"},
      {"unknown-metric", "node_vmstat_other > 5", "node_vmstat_oom_kill > 5",
       "node_vmstat_oom_kill: 9x30"},
      {"unknown-metric", "node_disk_seconds > 5", "node_disk_seconds_sum > 5",
       "'node_disk_seconds_sum{device=\"a\"}': 9x30"},
      {"unknown-label", "node_cpu_seconds_total{cup=\"0\"} > 5",
       "node_cpu_seconds_total{cpu=\"0\"} > 5", kCpu},
      {"rate-of-gauge", "rate(node_load1[5m]) > 5", "rate(node_boots_total[5m]) > 5",
       "node_boots_total: 0x30"},
      {"vector-matching", "node_cpu_seconds_total / node_load1 > 5",
       "sum without (cpu, mode) (node_cpu_seconds_total) / node_load1 > 5", kCpu},
      {"set-matching", "node_cpu_seconds_total > 5 and node_load1 > 5",
       "node_cpu_seconds_total > 5 and on (node) node_load1 > 5", kCpu},
      {"short-range", "rate(node_boots_total[30s]) > 5", "rate(node_boots_total[40s]) > 5",
       "node_boots_total: 0x30"},
      {"literal-job", "up{job=\"node\"} == 0", "up{job=\"{{job.node}}\"} == 0", kUp},
      {"needless-job", "node_load1{job=\"{{job.node}}\"} > 5", "node_load1 > 5",
       "node_load1: 9x30"},
      {"missing-job", "process_open_fds > 5", "process_open_fds{job=\"{{job.node}}\"} > 5",
       "process_open_fds: 9x30"},
      {"unknown-job", "up{job=\"{{job.nodes}}\"} == 0", "up{job!=\"{{job.node}}\"} == 0", kUp},
      {"unknown-template", "node_load1 > {{load}}", "node_load1 > 5", "node_load1: 9x30"},
      {"no-comparison", "node_load1", "node_load1 > 5", "node_load1: 9x30"},
      {"no-comparison", "node_load1 > bool 5", "absent(node_load1{node=\"a\"})",
       "node_load1: 9x30"},
      {"node-missing", "sum(node_load1) > 5", "sum by (node) (node_load1) > 5", "node_load1: 9x30"},
      {"node-missing", "sum without (node) (node_load1) > 5", "sum without (job) (node_load1) > 5",
       "node_load1: 9x30"},
      {"result-type", "1", "node_load1 > 5", "node_load1: 9x30"},
      {"flapping-function", "irate(node_boots_total[5m]) > 5", "rate(node_boots_total[5m]) > 5",
       "node_boots_total: 0x30"},
      {"flapping-function", "topk(1, node_load1) > 5", "max by (node) (node_load1) > 5",
       "node_load1: 9x30"},
      {"syntax", "node_load1 >> 5", "node_load1 > 5", "node_load1: 9x30"},
      {"label-collision", "ALERTS > 0", "count by (node) (node_load1) > 0", "node_load1: 9x30"},
  };
  for (const auto& c : cases) {
    const auto bad = told(c.bad, c.series);
    CHECK_MESSAGE(bad.find(fmt::format("[{}]\n", c.code)) != std::string::npos, c.bad, ": ", bad);
    CHECK_MESSAGE(bad.starts_with("node/alerts.yml:5:"), c.bad, ": ", bad);
    CHECK_MESSAGE(told(c.good, c.series) == "", c.good, ": ", told(c.good, c.series));
  }
}

TEST_CASE("labels and texts of alerts") {
  const auto with = [](const std::string& more) {
    return told("sum by (node, mode) (rate(node_cpu_seconds_total[5m])) > 5", kCpu, more);
  };
  const std::string texts = "summary: Something\n    description: It is.\n    ";
  CHECK(with(texts + "labels: {team: x}") == "");
  CHECK(with(texts + "labels: {mode: x}").find("[label-collision]") != std::string::npos);
  CHECK(with("summary: '{{ $labels.mode }} {{ $labels.severity }}'\n    description: '{{ $value "
             "}}'") == "");
  CHECK(with("summary: '{{ $labels.cpu }}'\n    description: x").find("[unknown-label]") !=
        std::string::npos);
  CHECK(with("summary: x\n    description: 'a {{ $value'").find("[template]") != std::string::npos);
  CHECK(with("summary: x\n    description: '{{threshold.x}}'").find("[unknown-threshold]") !=
        std::string::npos);
  CHECK(with(texts + "labels: {v: '{{ $value }}'}").find("[value-in-label]") != std::string::npos);
  CHECK(with(texts + "scope: fleet") == "");
}

TEST_CASE("rules") {
  const auto with = [](const std::string& rules, const std::string& site = "") {
    return told("node_load1 > 5 and a:b:c > 1", "node_load1: 9x30", "", rules, site);
  };
  CHECK(with(rule("a:b:c", "node_load1")) == "");
  CHECK(with(rule("a:b:c", "d:e:f") + rule("d:e:f", "node_load1")) == "");
  CHECK(with(rule("a:b:c", "d:e:f") + rule("d:e:f", "a:b:c")).find("[cycle]") != std::string::npos);
  CHECK(with(rule("a:b:c", "node_load1") + rule("d:e:f", "node_load1")).find("[unused-record]") !=
        std::string::npos);
  CHECK(with(rule("a:b:c", "node_load1") + rule("d:e:f", "node_load1", ", used_by: docs")) == "");
  CHECK(with(rule("a:b:c", "node_load1[5m]")).find("[result-type]") != std::string::npos);
  // What a rule's labels are is known to those who read it.
  CHECK(with(rule("a:b:c", "sum(node_load1)")).find("[set-matching]") != std::string::npos);

  const std::string site = "thresholds: {load: {value: 1, help: Load.}}\n";
  CHECK(with(rule("a:b:c", "node_load1"), site).find("[unused-threshold]") != std::string::npos);
  CHECK(with(rule("a:b:c", "node_load1 > {{threshold.load}}"), site) == "");
  CHECK(with(rule("a:b:c", "node_load1 > {{threshold.laod}}"), site).find("[unknown-threshold]") !=
        std::string::npos);
}

TEST_CASE("tests of rules") {
  const auto with = [](const std::string& tests) {
    auto files = read_fixture("broken-catalogs/base");
    files["node/rules.yml"] =
        "version: 1\nrules:\n  - record: 'a:b:c'\n    expr: sum without (mode) "
        "(node_cpu_seconds_total)\n    help: Something.\n    used_by: docs\n" +
        tests;
    return World(files).diagnostics.text();
  };
  const auto one = [&](const std::string& expect, const std::string& series = kCpu) {
    return with("    tests: [{at: 1m, series: {" + series + "}, expect: " + expect + "}]\n");
  };
  const std::string two =
      std::string(kCpu) + ", 'node_cpu_seconds_total{cpu=\"1\",mode=\"idle\"}': 0+2x30";
  CHECK(one("5") == "");
  CHECK(one("{'{cpu=\"0\"}': 5}") == "");
  CHECK(one("{'{cpu=\"0\"}': 5, '{cpu=\"1\"}': 10}", two) == "");
  CHECK(with("    tests:\n      - {at: 1m, series: {" + std::string(kCpu) +
             "}, expect: 5}\n      - {at: 1m, series: {}, expect: {}}\n") == "");
  const std::pair<std::string, const char*> cases[] = {
      {with(""), "[missing-test]"},
      {one("{}"), "[missing-test]"},  // nothing would notice that it never records anything
      {with("    tests: 5\n"), "tests of a rule must be a list of cases"},
      {with("    tests: [{series: {}, expect: 1}]\n"), "at"},
      {one("[1]"), "expect must be a number, or a mapping of labels to numbers"},
      {one("many"), "an expected value must be a number"},
      {one("{'cpu=\"0\"': 5}"), "are no labels of what is recorded"},
      {one("{'{cpu=~\"0\"}': 5}"), "are no labels of what is recorded"},
      {one("{'{mode=\"idle\"}': 5}"), "[unknown-label]"},
      {one("5", two), "the label 'cpu' of what is recorded may be 0 or 1"},
      {one("{'{cpu=\"0\"}': 5, '{cpu=\"0\",node=\"db-1\"}': 5}"), "is expected twice"},
      {one("5", "node_laod1: 1x5"), "[unknown-metric]"},
      {one("5", "node_load1: 1y5"), "[test-values]"},
      {one("5", "'a:b:c': 1x5"), "[test-series]"},
  };
  for (const auto& [text, expected] : cases) {
    CHECK_MESSAGE(text.find(expected) != std::string::npos, expected, ": ", text);
    CHECK_MESSAGE(text.find("node/rules.yml:") != std::string::npos, text);
  }
}

TEST_CASE("a long chain of rules is refused, whatever its order") {
  const auto chain = [](int length) {
    std::string rules;
    for (int i = length; i > 0; --i) {
      rules +=
          rule(fmt::format("a:b:c{}", i), i == 1 ? "node_load1" : fmt::format("a:b:c{}", i - 1));
    }
    return told(fmt::format("a:b:c{} > 1", length), "node_load1: 9x30", "", rules);
  };
  CHECK(chain(20) == "");
  CHECK(chain(5000).find("[cycle]") != std::string::npos);
}

TEST_CASE("tests of alerts") {
  const auto with = [](const std::string& series) { return told("node_load1 > 5", series); };
  CHECK(with("node_load1: 1 2.5 -3 1e6 _ stale 5x30 0+1x3 10-0.5x3 _x4 +Inf NaN") == "");
  for (const auto* bad :
       {"''", "5x", "x5", "5+x3", "1..2", "5x30x2", "a", "5x-1", "5x9999999", "0x1e3"}) {
    CHECK_MESSAGE(
        with(fmt::format("node_load1: {}", bad)).find("[test-values]") != std::string::npos, bad);
  }
  CHECK(with("'node_load1{node=\"a\",job=\"b\",instance=\"c\"}': 9x30") == "");
  CHECK(with("node_laod1: 9x30").find("[unknown-metric]") != std::string::npos);
  CHECK(with("'node_load1{cpu=\"0\"}': 9x30").find("[unknown-label]") != std::string::npos);
  CHECK(with("'node_load1{job=~\"0\"}': 9x30").find("[test-series]") != std::string::npos);
  CHECK(with("'node_load1[5m]': 9x30").find("[test-series]") != std::string::npos);
  CHECK(with("'node_load1 offset 5m': 9x30").find("[test-series]") != std::string::npos);
  CHECK(with("up: 9x30").find("[test-series]") != std::string::npos);
}

}  // namespace basewatch::catalog
