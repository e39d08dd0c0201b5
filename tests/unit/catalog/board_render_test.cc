#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/base/strings.h"
#include "catalog/compiler/board_alert.h"
#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/board_unit.h"
#include "catalog/compiler/board_validate.h"
#include "catalog/compiler/promql/parser.h"
#include "tests/unit/catalog/board_world.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

Json render_one(const std::string& panels, const std::string& board = "") {
  World world(board_files(panels, board));
  REQUIRE(world.diagnostics.text() == "");
  const auto boards = render_boards(world.catalog, world.site);
  REQUIRE(boards.size() == 1);
  CHECK(boards[0].path == "dashboards/tiny.json");
  CHECK(validate_boards(boards) == std::vector<std::string>{});
  return Json::parse(boards[0].text);
}

Json panel_of(const Json& board, const std::string& title) {
  for (const auto& panel : board.at("panels")) {
    if (panel.at("title") == title) return panel;
    for (const auto& inside : panel.value("panels", Json::array())) {
      if (inside.at("title") == title) return inside;
    }
  }
  FAIL("no panel ", title);
  return {};
}

Json panel(const std::string& yaml, const std::string& title, const std::string& board = "") {
  return panel_of(render_one("          - " + yaml + "\n", board), title);
}

std::string expr(const Json& panel, std::size_t query = 0) {
  return panel.at("targets").at(query).at("expr").get<std::string>();
}

}  // namespace

TEST_CASE("what a metric is drawn as") {
  auto drawn = panel("{metric: tiny_bytes_total}", "Bytes moved");
  CHECK(drawn.at("type") == "timeseries");
  CHECK(expr(drawn) == "rate(tiny_bytes_total{node=~\"$node\"}[$__rate_interval])");
  CHECK(drawn.at("fieldConfig").at("defaults").at("unit") == "binBps");
  CHECK(drawn.at("targets")[0].at("legendFormat") == "{{node}} {{device}}");
  CHECK(drawn.at("description").get<std::string>().find("Bytes moved.") == 0);
  CHECK(drawn.at("datasource").at("uid") == "${datasource}");

  drawn = panel("{metric: tiny_seconds, kind: heatmap}", "Time taken");
  CHECK(drawn.at("options").at("yAxis").at("unit") == "s");  // of the buckets, not of their rate
  CHECK(expr(drawn) ==
        "sum by (le) (rate(tiny_seconds_bucket{node=~\"$node\"}[$__rate_interval]))");
  CHECK(drawn.at("targets")[0].at("format") == "heatmap");
  CHECK(drawn.at("targets")[0].at("legendFormat") == "{{le}}");

  drawn = panel("{metric: tiny_start_time, kind: stat}", "When it began");
  CHECK(expr(drawn) == "1000 * (tiny_start_time{node=~\"$node\"})");
  CHECK(drawn.at("fieldConfig").at("defaults").at("unit") == "dateTimeFromNow");
}

TEST_CASE("ranges: rates take Grafana's, amounts and alerts keep their own") {
  const auto drawn = [](const std::string& yaml) {
    return expr(panel("{panel: A, " + yaml + "}", "A", "    nodes: one\n"));
  };
  CHECK(drawn("expr: 'irate(tiny_bytes_total[1h])'") ==
        "irate(tiny_bytes_total{node=\"$node\"}[$__rate_interval])");
  CHECK(drawn("expr: 'rate(tiny_bytes_total[1h])', keep_range: true") ==
        "rate(tiny_bytes_total{node=\"$node\"}[1h])");
  CHECK(drawn("expr: 'increase(tiny_bytes_total[1h])'") ==
        "increase(tiny_bytes_total{node=\"$node\"}[1h])");
  CHECK(drawn("expr: 'max_over_time(tiny_load[1d])'") ==
        "max_over_time(tiny_load{node=\"$node\"}[1d])");
}

TEST_CASE("filters go into every selector that has the label, once") {
  const auto drawn = [](const std::string& text, const std::string& board = "") {
    return expr(panel("{panel: A, unit: none, expr: '" + text + "'}", "A", board));
  };
  CHECK(drawn("tiny_load / on (node) group_left sum by (node) (tiny_ratio)") ==
        "tiny_load{node=~\"$node\"} / on (node) group_left () sum by (node) "
        "(tiny_ratio{node=~\"$node\"})");
  CHECK(drawn("tiny_load{node=\"db-1\"}") == "tiny_load{node=\"db-1\"}");
  CHECK(drawn("vector(1)") == "vector(1)");
  CHECK(drawn("tiny_load", "    by_instance: true\n") ==
        "tiny_load{instance=~\"$instance\",node=~\"$node\"}");
}

TEST_CASE("an alert's panel draws what it compares, with its limits") {
  const auto board = render_one("");
  const auto share = panel_of(board, "Share");
  CHECK(share.at("type") == "timeseries");
  CHECK(expr(share) == "tiny_ratio{node=~\"$node\"}");
  const auto& defaults = share.at("fieldConfig").at("defaults");
  CHECK(defaults.at("thresholds").at("steps") ==
        Json::parse(R"([{"color": "transparent", "value": null},
      {"color": "orange", "value": 0.9}, {"color": "red", "value": 0.99}])"));
  CHECK(defaults.at("custom").at("thresholdsStyle").at("mode") == "line+area");
  CHECK(share.at("description")
            .get<std::string>()
            .find("**TinyHigh** (warning, P3) fires above 0.9 for 5m.") != std::string::npos);
  CHECK(share.at("links")[0].at("url") == "/alerting/list?search=rule:TinyHigh");

  const auto state = panel_of(board, "State");
  CHECK(state.at("type") == "state-timeline");
  CHECK(expr(state) == "tiny_state{node=~\"$node\"}");
}

TEST_CASE("a panel of many draws only what is bad, and says when nothing is") {
  const auto state =
      panel("{panel: S, key: s, alert: TinyDown, only_bad: true, empty: All are up}", "S");
  CHECK(state.at("targets")[0].at("expr") == "(tiny_state{node=~\"$node\"}) == 0");
  CHECK(state.at("fieldConfig").at("defaults").at("noValue") == "All are up");
  CHECK(state.at("targets")[0].at("legendFormat") == "{{node}}");
  const auto excluded = [](const std::string& more) {
    const auto table = panel("{panel: T, kind: table, metric: tiny_ratio" + more + "}", "T");
    return table.at("transformations")[0].at("options").at("exclude").at("names").dump();
  };
  CHECK(excluded("") == R"(["Time","__name__","job","instance"])");
  CHECK(excluded(", show: [instance], hide: [kind]") == R"(["Time","__name__","job","kind"])");
}

TEST_CASE("where anything above nothing is bad, no area colors a good day") {
  const auto mode = [](const std::string& limit) {
    return panel("{panel: L, metric: tiny_load, critical: '" + limit + "'}", "L")
        .at("fieldConfig")
        .at("defaults")
        .at("custom")
        .at("thresholdsStyle")
        .at("mode");
  };
  CHECK(mode("> 0") == "dashed");
  CHECK(mode("> 1") == "line+area");
  CHECK(mode("< 0") == "line+area");
}

TEST_CASE("alerts taken apart") {
  struct Case {
    const char* expr;
    std::vector<std::string> drawn;
    const char* op;
    double value;
  };
  const Case cases[] = {
      {"a > 1", {"a"}, ">", 1},
      {"1 > a", {"a"}, "<", 1},
      {"0.5 <= a", {"a"}, ">=", 0.5},
      {"(a < -2 * 3) and b > 4", {"a"}, "<", -6},
      {"a == 0 unless on (node) b == 0", {"a"}, "==", 0},
      {"a > 1 or b > 2", {"a", "b"}, ">", 1},
      {"a > b", {"a", "b"}, "", 0},
      {"a unless b", {"a unless b"}, "", 0},
      {"(a unless b) or c", {"(a unless b) or c"}, "", 0},
      {"a and b", {"a and b"}, "", 0},
      {"vector(1)", {"vector(1)"}, "", 0},
      {"sum(rate(x[5m])) / sum(rate(y[5m])) > 0.01",
       {"sum(rate(x[5m])) / sum(rate(y[5m]))"},
       ">",
       0.01},
  };
  for (const auto& c : cases) {
    const auto tree = promql::parse(c.expr);
    std::vector<std::string> drawn;
    const auto parts = split_alert(*tree);
    for (const auto& part : parts) drawn.push_back(promql::print(*part.drawn));
    CHECK_MESSAGE(drawn == c.drawn, c.expr);
    CHECK_MESSAGE(parts[0].limit.has_value() == (*c.op != '\0'), c.expr);
    if (parts[0].limit) {
      CHECK_MESSAGE(parts[0].limit->op == c.op, c.expr);
      CHECK_MESSAGE(parts[0].limit->value == c.value, c.expr);
    }
  }
}

TEST_CASE("every value gets the color of the worst limit that it passes") {
  using Steps = std::vector<ColorStep>;
  const Limit low{"<", 0.1, false}, lower{"<", 0.03, true};
  CHECK(color_steps({low, lower}, "green") == Steps{{{}, "red"}, {0.03, "orange"}, {0.1, "green"}});
  CHECK(color_steps({{"==", 0, true}}, "green") == Steps{{{}, "green"}, {0, "red"}, {1, "green"}});
  CHECK(color_steps({{"!=", 1, false}}, "green") ==
        Steps{{{}, "orange"}, {1, "green"}, {2, "orange"}});
  CHECK(color_steps({{">", 0.9, false}}, "green") == Steps{{{}, "green"}, {0.9, "orange"}});
  // None killed is no reason for red.
  CHECK(color_steps({{">", 0, true}}, "green") == Steps{{{}, "green"}, {1e-9, "red"}});
  CHECK(color_steps({{">=", 3, true}, {"<", -3, true}}, "blue") ==
        Steps{{{}, "red"}, {-3, "blue"}, {3, "red"}});
  CHECK(color_steps({{">", 30, false}}, "green").size() == 2);
  CHECK(color_steps({{">", 1e300, false}}, "green").back().color == "orange");
  CHECK(color_steps({}, "blue") == Steps{{{}, "blue"}});
}

TEST_CASE("units") {
  const std::pair<const char*, const char*> ids[] = {
      {"bytes", "bytes"},       {"bytes/s", "binBps"}, {"seconds", "s"},
      {"ratio", "percentunit"}, {"clients", "short"},  {"queries/s", "cps"},
      {"requests/s", "reqps"},  {"none", "none"},      {"threads", "short"},
      {"flag", "bool"}};
  for (const auto& [word, id] : ids)
    CHECK_MESSAGE(grafana_unit(parse_unit(word)) == std::string(id), word);
  for (const auto* word : {"byte", "secons", "", "s", "byets!"}) {
    CHECK_MESSAGE(!grafana_unit(parse_unit(word)), word);
  }
  const auto lookup = [](std::string_view name) -> std::optional<Unit> {
    if (name == "unknown") return std::nullopt;
    return Unit{std::string(name)};
  };
  const std::pair<const char*, const char*> followed[] = {
      {"sum by (x) (rate(bytes[5m]))", "bytes/s"},
      {"bytes / bytes", "ratio"},
      {"1 - bytes", "bytes"},
      {"rate(seconds[5m]) / rate(reads[5m])", "seconds"},
      {"time() - timestamp", "seconds"},
      {"count(bytes)", "series"},
      {"histogram_quantile(0.9, sum by (le) (rate(seconds[5m])))", "seconds"},
      {"bytes > 5", "bytes"},
      {"bytes or bytes", "bytes"},
      {"increase(bytes[1h])", "bytes"},
      {"changes(seconds[1h])", "series"},
      {"label_replace(bytes, \"a\", \"$1\", \"b\", \".*\")", "bytes"},
      {"bytes * seconds", ""},
      {"bytes / 1024", ""},
      {"bytes + seconds", ""},
      {"unknown", ""},
      {"vector(1)", ""},
  };
  for (const auto& [text, word] : followed) {
    const auto unit = unit_of(*promql::parse(text), lookup);
    CHECK_MESSAGE((unit ? unit->word + (unit->per_second ? "/s" : "") : "") == word, text);
  }
}

TEST_CASE("ids stay when panels come, go and move") {
  const auto id = [](const std::string& panels) {
    return panel_of(render_one(panels), "A").at("id");
  };
  const std::string a = "          - {panel: A, metric: tiny_load}\n",
                    b = "          - {panel: B, metric: tiny_load}\n";
  const auto alone = id(a);
  CHECK(id(b + a) == alone);
  CHECK(id(a + b) == alone);
  CHECK(alone == panel_id("A"));
  const auto renamed = panel("{panel: B, key: A, metric: tiny_load}", "B");
  CHECK(renamed.at("id") == alone);
  // An alert's panel is known by its alert: its title may change freely.
  CHECK(panel_of(render_one(""), "Share").at("id") == panel_id("alert:TinyHigh"));
  // This is in links and bookmarks: it may never change.
  CHECK(panel_id("alert:NodeMemoryLow") == 1 + hash_bytes("alert:NodeMemoryLow") % 999'999'999);
}

TEST_CASE("rows are laid out without holes or overlaps") {
  const auto board = render_one(
      "          - {panel: A, kind: stat, metric: tiny_load, width: half}\n"
      "          - {panel: B, kind: gauge, metric: tiny_load, width: half}\n"
      "          - {panel: C, metric: tiny_load, width: full, height: 5}\n");
  const auto grid = [&](const char* title) { return panel_of(board, title).at("gridPos").dump(); };
  CHECK(grid("Alerts") == R"({"x":0,"y":0,"w":24,"h":1})");
  CHECK(grid("State") == R"({"x":12,"y":1,"w":12,"h":8})");
  CHECK(grid("More") == R"({"x":0,"y":9,"w":24,"h":1})");
  CHECK(grid("A") == R"({"x":0,"y":10,"w":12,"h":6})");  // as high as the gauge beside it
  CHECK(grid("C") == R"({"x":0,"y":16,"w":24,"h":5})");
}

TEST_CASE("a closed row holds its panels, and what follows moves up") {
  auto files = board_files();
  auto& text = files["tiny/board.yml"];
  text.replace(text.find("        panels:"), 0, "        collapsed: true\n");
  text += "      - row: After\n        panels:\n          - {panel: A, metric: tiny_load}\n";
  World world(files);
  REQUIRE(world.diagnostics.text() == "");
  const auto boards = render_boards(world.catalog, world.site);
  CHECK(validate_boards(boards) == std::vector<std::string>{});
  const auto board = Json::parse(boards[0].text);
  CHECK(board.at("panels").size() == 3);
  CHECK(board.at("panels")[0].at("panels").size() == 2);
  CHECK(panel_of(board, "After").at("gridPos").at("y") == 1);
}

TEST_CASE("every kind of panel is valid, and rendering is repeatable") {
  const std::string panels =
      "          - {panel: A1, kind: timeseries, metric: tiny_load, stack: true}\n"
      "          - {panel: A2, kind: heatmap, metric: tiny_seconds}\n"
      "          - {panel: A3, kind: stat, metric: tiny_state, states: {0: down, 1: {text: up, "
      "color: green}}, width: quarter}\n"
      "          - {panel: A4, kind: gauge, metric: tiny_ratio, width: quarter}\n"
      "          - {panel: A5, kind: bargauge, metric: tiny_ratio, width: half}\n"
      "          - panel: A6\n"
      "            kind: table\n"
      "            queries: [{metric: tiny_ratio, name: Share}, {alert: TinyHigh, name: High}]\n"
      "          - {panel: A7, kind: state-timeline, metric: tiny_state}\n"
      "          - {panel: A8, kind: text, text: '# Hello', width: half}\n"
      "          - {panel: A9, kind: logs, logql: '{job=\"x\"} |= \"y\"'}\n";
  const std::string variables = "    variables: [{variable: q, options: [a, b]}]\n";
  const auto use =
      panels + "          - {panel: Q, expr: 'tiny_ratio{kind=~\"$q\"}', width: full}\n";
  CHECK(render_one(use, variables).dump() == render_one(use, variables).dump());
  const auto table = panel_of(render_one(panels), "A6");
  CHECK(table.at("transformations")[1].at("id") == "merge");
  CHECK(table.at("fieldConfig").at("overrides").size() == 2);
  CHECK(table.at("fieldConfig").at("defaults").at("unit") == "string");  // of the labels
}

TEST_CASE("a site's runbooks are linked") {
  World world(board_files());
  world.site.runbook_url = "https://example.org/runbooks";
  const auto board = Json::parse(render_boards(world.catalog, world.site)[0].text);
  CHECK(panel_of(board, "State").at("links")[0].at("url") ==
        "https://example.org/runbooks/TinyDown.md");
}

TEST_CASE("where an alert can be looked at") {
  World world(board_files("          - {panel: Now, kind: stat, alert: TinyHigh}\n"));
  Program program(world.catalog, world.site, world.diagnostics);
  const auto boards = plan_boards(program, world.diagnostics);
  const auto& alerts = world.catalog.subjects[0].alerts;
  const auto address = panel_of(boards, alerts[0]);
  REQUIRE(address);
  CHECK(address->uid == "basewatch-tiny");
  CHECK(address->id == panel_id("alert:TinyHigh"));
}

TEST_CASE("a board that is gone from the catalog is removed, a user's own is not") {
  World world(board_files());
  TemporaryFolder folder;
  const auto boards = render_boards(world.catalog, world.site);
  write_artefacts(boards, folder.path(), false);
  std::ofstream(folder.path() / "dashboards/mine.json") << "{\n  \"uid\": \"mine\"}\n";
  std::ofstream(folder.path() / "dashboards/gone.json") << boards[0].text;
  CHECK(write_artefacts(boards, folder.path(), false) ==
        std::vector<std::filesystem::path>{"dashboards/gone.json"});
  CHECK(std::filesystem::exists(folder.path() / "dashboards/mine.json"));
  CHECK(write_artefacts(boards, folder.path(), true).empty());
}

// The catalog of this source tree.
TEST_CASE("the boards that are delivered") {
  Diagnostics diagnostics;
  const auto files = read_folder(SOURCE_DIR "/catalog", diagnostics);
  auto catalog = load(files, "catalog/", diagnostics);
  const auto site = load_site(files, catalog, "", diagnostics);
  Program program(catalog, site, diagnostics);
  const auto plans = plan_boards(program, diagnostics);
  CHECK(diagnostics.text() == "");
  const auto boards = render_boards(catalog, site);
  CHECK(boards.size() >= 3);
  CHECK(validate_boards(boards) == std::vector<std::string>{});
  for (const auto& subject : catalog.subjects) {
    for (const auto& alert : subject.alerts)
      CHECK_MESSAGE(panel_of(plans, alert), alert.name.value);
  }
}

}  // namespace basewatch::catalog
