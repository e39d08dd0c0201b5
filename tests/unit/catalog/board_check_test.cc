#include <doctest/doctest.h>

#include "agent/base/strings.h"
#include "tests/unit/catalog/board_world.h"

namespace basewatch::catalog {
namespace {

std::string told(const std::string& panel) {
  return World(board_files("          - " + panel + "\n")).diagnostics.text();
}

struct Case {
  const char* firing;
  const char* expected;  // part of the only message
  const char* quiet;
};

}  // namespace

TEST_CASE("the board under the broken ones is good") {
  CHECK(World(board_files()).diagnostics.text() == "");
}

TEST_CASE("what a panel may not be, and what it may") {
  const Case cases[] = {
      {"{panel: A, expr: tiny_laod, unit: none}",
       "nothing declares tiny_laod: did you mean tiny_load? [unknown-metric]",
       "{panel: A, expr: tiny_load}"},
      {"{metric: tiny_laod}",
       "nothing declares tiny_laod: did you mean tiny_load? [unknown-metric]",
       "{metric: tiny_load}"},
      {"{panel: A, expr: 'tiny_load{colour=\"x\"}'}", "[unknown-label]",
       "{panel: A, expr: 'tiny_ratio{kind=\"x\"}'}"},
      {"{panel: A, expr: 'rate(tiny_load[5m])'}", "[rate-of-gauge]",
       "{panel: A, expr: 'rate(tiny_bytes_total[5m])'}"},
      {"{panel: A, expr: 'tiny_load +'}", "[syntax]", "{panel: A, expr: 'tiny_load + 1'}"},
      {"{panel: A, expr: 'tiny_load[5m]'}",
       "a panel draws a vector or a number, not a range vector", "{panel: A, expr: tiny_load}"},
      {"{panel: A, expr: 'up{job=\"tiny\"}'}", "[literal-job]",
       "{panel: A, expr: 'up{job=\"{{job.tiny}}\"}'}"},
      {"{panel: A, expr: 'tiny_load > {{threshold.tony}}'}", "threshold",
       "{panel: A, expr: 'tiny_load > {{threshold.tiny}}'}"},
      {"{alert: TinyHihg}", "there is no alert 'TinyHihg': did you mean TinyHigh? [unknown-alert]",
       "{alert: TinyHigh, kind: stat}"},
      {"{panel: A, kind: stat, alert: [TinyHigh, TinyDown]}",
       "TinyDown compares something else than TinyHigh: give it a panel of its own [alerts-differ]",
       "{panel: A, kind: stat, alert: [TinyHigh, TinyFull]}"},
      {"{panel: A, kind: stat, alert: TinyHigh, sides: [now, then]}",
       "TinyHigh compares nothing but a limit: remove 'sides' [sides]",
       "{panel: A, kind: stat, alert: TinyHigh}"},
      {"{panel: A, alert: TinyHigh}", "this panel has the key of the one at",
       "{panel: A, alert: TinyHigh, key: other}"},
      {"{metric: tiny_plain}", "the unit cannot be told from the metrics",
       "{metric: tiny_plain, unit: pieces}"},
      {"{metric: tiny_load, unit: byte}", "'byte' is no unit: did you mean 'bytes'? [unknown-unit]",
       "{metric: tiny_load, unit: bytes}"},
      {"{metric: tiny_load, unit: secnds}",
       "'secnds' is no unit: did you mean 'seconds'? [unknown-unit]",
       "{metric: tiny_load, unit: threads}"},
      {"{panel: A, queries: [{metric: tiny_load, name: a}, {metric: tiny_ratio, name: b}]}",
       "[units-differ]",
       "{panel: A, unit: none, queries: [{metric: tiny_load, name: a}, {metric: tiny_ratio, name: "
       "b}]}"},
      {"{panel: A, queries: [{metric: tiny_load}, {expr: tiny_load + 1}]}",
       "two queries of this panel cannot be told apart: give each a 'name' [same-legend]",
       "{panel: A, queries: [{metric: tiny_load, name: a}, {expr: tiny_load + 1, name: b}]}"},
      {"{panel: A, kind: table, queries: [{metric: tiny_load}, {metric: tiny_ratio}]}",
       "each query of a table needs a 'name' for its column",
       "{panel: A, kind: table, queries: [{metric: tiny_load, name: a}, {metric: tiny_ratio, name: "
       "b}]}"},
      {"{metric: tiny_seconds}", "tiny_seconds is a histogram: write 'kind: heatmap'",
       "{metric: tiny_seconds, kind: heatmap}"},
      {"{panel: Share, metric: tiny_load}", "the board has a panel 'Share' already, at",
       "{panel: Shares, metric: tiny_load}"},
      {"{metric: tiny_load, warning: much}", "'much' is no limit",
       "{metric: tiny_load, warning: '> 5'}"},
      {"{metric: tiny_load, warning: '> {{threshold.tony}}'}", "threshold",
       "{metric: tiny_load, warning: '> {{threshold.tiny}}'}"},
      {"{panel: A, expr: 'tiny_ratio{mount=\"$mount\"}'}",
       "the board has no variable '$mount'; it has $datasource, $node [unknown-variable]",
       "{panel: A, expr: 'tiny_ratio{mount=\"$node\"}'}"},
      {"{panel: A, kind: logs, logql: 'job=\"x\"'}", "a logql begins with the streams",
       "{panel: A, kind: logs, logql: '{job=\"x\"}'}"},
  };
  for (const auto& c : cases) {
    const auto text = told(c.firing);
    CHECK_MESSAGE(text.find(c.expected) != std::string::npos, c.firing, "\n", text);
    CHECK_MESSAGE(split(trim(text), '\n').size() == 1, c.firing, "\n", text);
    CHECK_MESSAGE(text.starts_with("tiny/board.yml:13:"), c.firing, "\n", text);
    CHECK_MESSAGE(told(c.quiet) == "", c.quiet);
  }
}

TEST_CASE("board.yml is read strictly") {
  const std::pair<const char*, const char*> cases[] = {
      {"{metric: tiny_load, widht: half}", "unknown key 'widht' in a panel: did you mean 'width'?"},
      {"{metric: tiny_load, width: 25}",
       "width must be full, half, third, quarter, sixth, or 1 to 24"},
      {"{metric: tiny_load, width: broad}", "not 'broad'"},
      {"{metric: tiny_load, kind: graph}", "kind must be one of timeseries, stat, gauge"},
      {"{metric: tiny_load, height: 1}", "height must be a whole number from 2 to 40"},
      {"{metric: tiny_load, expr: tiny_load}", "a query has one of metric, expr, alert and logql"},
      {"{metric: tiny_load, queries: [{metric: tiny_load}]}",
       "a panel has either one metric, expr or alert, or 'queries'"},
      {"{panel: A, queries: [{name: a}]}", "a query needs a 'metric', an 'expr' or an 'alert'"},
      {"{panel: A, queries: []}", "queries is empty"},
      {"{panel: A}", "a panel needs a 'metric', an 'expr', an 'alert' or 'queries'"},
      {"{expr: tiny_load}", "this panel needs a title: write 'panel: TITLE'"},
      {"{panel: A, kind: text}", "a panel of kind text needs a 'text'"},
      {"{panel: A, metric: tiny_load, text: hello}", "'text' is only for panels of kind text"},
      {"{panel: A, kind: logs, metric: tiny_load}", "a panel of kind logs needs a 'logql'"},
      {"{panel: A, logql: '{a=\"b\"}'}", "'logql' is only for panels of kind logs"},
      {"{metric: tiny_load, min: 2, max: 1}", "max must be greater than min"},
      {"{metric: tiny_load, states: [up]}", "states must be a mapping of values to words"},
      {"{metric: tiny_load, states: {up: 1}}", "the value of a state must be a number, not 'up'"},
      {"{metric: tiny_load, states: {1: {text: up, color: pink}}}",
       "color must be one of green, yellow"},
      {"{metric: tiny_load, only_bad: true}", "'only_bad' is for a panel of an alert"},
      {"{metric: tiny_load, sides: [a, b]}", "'sides' is for a panel of an alert"},
      {"{metric: tiny_load, show: [job]}", "'show' is for the columns of a table"},
      {"7", "a panel must be a mapping"},
  };
  for (const auto& [panel, expected] : cases) {
    const auto text = told(panel);
    CHECK_MESSAGE(split(trim(text), '\n').size() == 1, text);
    CHECK_MESSAGE(text.find(expected) != std::string::npos, text);
    CHECK_MESSAGE(text.starts_with("tiny/board.yml:13:"), text);
  }
}

TEST_CASE("what a board may not be, and what it may") {
  const auto with = [](const char* keys, const char* panel = "") {
    return World(board_files(panel, keys)).diagnostics.text();
  };
  CHECK(with("    nodes: some\n").find("nodes must be one of many, one") != std::string::npos);
  CHECK(with("    variables: 3\n").find("variables must be a list") != std::string::npos);
  CHECK(with("    variables: [{variable: mount, metric: tiny_ratio}]\n")
            .find("a variable takes its values either from") != std::string::npos);
  CHECK(with("    variables: [{variable: a-b, options: [x]}]\n").find("is no name of a variable") !=
        std::string::npos);
  CHECK(with("    variables: [{variable: mount, metric: tiny_ratio, label: mount}]\n")
            .find("nothing on this board uses $mount: write mount=~\"$mount\"") !=
        std::string::npos);
  const auto* use = "          - {panel: A, expr: 'tiny_ratio{mount=~\"$mount\"}'}\n";
  CHECK(with("    variables: [{variable: mount, metric: tiny_ratio, label: mount}]\n", use) == "");
  CHECK(with("    variables: [{variable: mount, metric: tiny_ratio, label: colour}]\n", use)
            .find("tiny_ratio has no label 'colour'") != std::string::npos);
  CHECK(with("    variables: [{variable: mount, metric: tiny_ratoi, label: mount}]\n", use)
            .find("[unknown-metric]") != std::string::npos);
  for (const std::string taken : {"node", "datasource", "loki_datasource"}) {
    const auto told = with(("    variables: [{variable: " + taken + ", options: [x]}]\n").c_str());
    CHECK_MESSAGE(told.find("the board already has a variable '" + taken +
                            "': choose another name [duplicate-variable]") != std::string::npos,
                  told);
  }
  CHECK(with("    variables: [{variable: nodes, options: [x]}]\n",
             "          - {panel: A, expr: 'tiny_ratio{mount=~\"$nodes\"}'}\n") == "");
}

TEST_CASE("a line of panels that leaves a hole") {
  const auto* wide =
      "          - {metric: tiny_load, width: 14}\n          - {panel: B, expr: tiny_load, width: "
      "half}\n";
  const auto* full =
      "          - {metric: tiny_load, width: half}\n          - {panel: B, expr: tiny_load, "
      "width: half}\n"
      "          - {panel: C, expr: tiny_load, width: third}\n";
  CHECK(World(board_files(wide)).diagnostics.text() ==
        "tiny/board.yml:14:13: error: this panel takes 12 of 24 columns, but only 10 are left "
        "beside those before "
        "it: make the widths of a line add up to 24 [row-width]\n");
  CHECK(World(board_files(full)).diagnostics.text() == "");
}

TEST_CASE("two rows of a title") {
  auto files = board_files("          - {metric: tiny_load}\n");
  const auto again = [&](const std::string& title) {
    auto more = files;
    more["tiny/board.yml"] +=
        "      - row: " + title + "\n        panels:\n          - {panel: A, metric: tiny_load}\n";
    return World(more).diagnostics.text();
  };
  CHECK(again("Alerts").find("the board has the row 'Alerts' twice: choose another title "
                             "[duplicate-panel]") != std::string::npos);
  CHECK(again("Others") == "");
}

TEST_CASE("two boards of a name, or of a title") {
  auto files = board_files();
  const std::string rows = "    help: More.\n    rows: [{row: R, panels: [{metric: tiny_load}]}]\n";
  const auto told = [&](const std::string& head) {
    auto changed = files;
    changed["tiny/board.yml"] += head + rows;
    return World(changed).diagnostics.text();
  };
  CHECK(told("  - board: tiny\n    title: Other\n").find("there is a board 'tiny' already") !=
        std::string::npos);
  CHECK(told("  - board: other\n    title: Tiny\n").find("a board with the title 'Tiny' already") !=
        std::string::npos);
  CHECK(told("  - board: Other\n    title: Other\n").find("'Other' is no name of a board") !=
        std::string::npos);
  CHECK(told("  - board: other\n    title: Other\n") == "");
}

TEST_CASE("an alert that no panel shows") {
  auto files = board_files();
  auto& text = files["tiny/board.yml"];
  text = text.substr(0, text.find("          - {panel: State"));
  CHECK(
      World(files).diagnostics.text().find(
          "no board shows what TinyDown sees: add '- alert: TinyDown' to the panels of a board.yml "
          "[alert-without-panel]") != std::string::npos);
  files.erase("tiny/board.yml");
  CHECK(World(files).diagnostics.text() == "");  // nobody has drawn anything yet
}

TEST_CASE("a recorded name that only a panel uses is used") {
  auto files = board_files("          - {panel: R, expr: 'instance:tiny_load:sum'}\n");
  files["tiny/rules.yml"] =
      "version: 1\nrules: [{record: 'instance:tiny_load:sum', expr: sum without (job) (tiny_load), "
      "help: All., tests: [{at: 1m, series: {tiny_load: 1x5}, expect: 1}]}]\n";
  CHECK(World(files).diagnostics.text() == "");
  files["tiny/board.yml"] = board_files()["tiny/board.yml"];
  CHECK(World(files).diagnostics.text().find("[unused-record]") != std::string::npos);
}

TEST_CASE("a panel over rules that go round in a circle") {
  auto files = board_files("          - {panel: R, expr: 'instance:tiny_a:sum'}\n");
  files["tiny/rules.yml"] =
      "version: 1\nrules:\n  - {record: 'instance:tiny_a:sum', expr: 'instance:tiny_b:sum', help: "
      "A.}\n"
      "  - {record: 'instance:tiny_b:sum', expr: 'instance:tiny_a:sum', help: B.}\n";
  CHECK(World(files).diagnostics.text().find("[cycle]") != std::string::npos);
}

}  // namespace basewatch::catalog
