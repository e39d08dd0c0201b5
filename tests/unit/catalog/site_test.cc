#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/board_validate.h"
#include "catalog/compiler/public_names.h"
#include "tests/unit/catalog/board_world.h"

// What a user's site does to the catalog: urls, tier, boards, and the targets of a configuration.
namespace basewatch::catalog {
namespace {

using Rendered = std::map<std::string, std::string>;

// The small subject of the boards' tests under a site.
struct SiteWorld {
  TemporaryFolder folder;
  World world;

  explicit SiteWorld(const std::string& site, const Files& files = board_files())
      : world(files, written(site)) {}

  std::string written(const std::string& site) const {
    const auto path = (folder.path() / "site.yml").string();
    std::ofstream(path) << "version: 1\n" << site;
    return path;
  }
  std::string told() const {
    auto text = world.diagnostics.text();
    const auto prefix = folder.path().string() + "/";
    for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }
  Rendered rendered() const {
    Rendered out;
    for (const auto& artefact : render(world.catalog, world.site)) {
      out[artefact.path.string()] = artefact.text;
    }
    return out;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an alert links to its very panel, for its node and instance") {
  auto files = board_files("", "    by_instance: true\n");
  const SiteWorld site("grafana_url: https://g.example.org/grafana\n", files);
  REQUIRE(site.told() == "");
  const auto rendered = site.rendered();
  const auto url = fmt::format("https://g.example.org/grafana/d/basewatch-tiny?viewPanel={}",
                               panel_id("alert:TinyHigh"));
  CHECK(has(rendered.at("rules/alerts/tiny.yml"),
            url + "&var-node={{ $labels.node | urlquery }}"
                  "&var-instance={{ $labels.instance | urlquery }}"));
  CHECK(has(rendered.at("rules/tests/tiny_test.yml"), url + "&var-node=db-1&var-instance=db-1\n"));
  CHECK(has(rendered.at("docs/runbooks/TinyHigh.md"), "[Tiny, panel Share](" + url + ")"));
  for (const auto& [path, text] : SiteWorld("", files).rendered()) {
    CHECK_MESSAGE(!has(text, "dashboard_url"), path);
  }
}

TEST_CASE("addresses that every alert would show are looked at") {
  CHECK(SiteWorld("grafana_url: g.example.org\n").told() ==
        "site.yml:2:14: error: grafana_url must begin with https:// or http:// and hold no blanks, "
        "quotes or braces, not 'g.example.org'\n");
  CHECK(SiteWorld("grafana_url: https://me:secret@g/\n").told() ==
        "site.yml:2:14: error: grafana_url must hold no user and password: every alert shows it\n");
}

TEST_CASE("the tier of a service decides who is woken") {
  const auto priorities = [](const std::string& site) {
    const SiteWorld world(site);
    CHECK(world.told() == "");
    std::string out;
    for (const auto& alert : world.world.catalog.subjects[0].alerts) {
      out += alert.priority + (alert.lowered ? "- " : " ");
    }
    return out;
  };
  CHECK(priorities("") == "P3 P2 P2 ");
  CHECK(priorities("service_tier: critical\n") == "P3 P2 P2 ");
  CHECK(priorities("service_tier: important\n") == "P3 P2 P2 ");
  CHECK(priorities("service_tier: best_effort\n") == "P3 P3- P3- ");
  CHECK(has(SiteWorld("service_tier: gold\n").told(),
            "service_tier must be one of critical, important, best_effort"));

  // An alert that pages within a minute may then come when somebody is there.
  auto files = board_files();
  auto& alerts = files["tiny/alerts.yml"];
  alerts.replace(alerts.find("severity: critical\n    priority: P2"), 35,
                 "severity: critical\n    priority: P1\n    class: instant");
  alerts.replace(alerts.find("TinyFull"),
                 alerts.find("for: 5m", alerts.find("TinyFull")) + 7 - alerts.find("TinyFull"),
                 "TinyFull\n    expr: tiny_ratio > 0.99\n    for: 15s");
  files["routing.yml"] = R"(version: 1
receivers: {page: {help: Pages.}, team: {help: Reads.}}
fallback: page
time_intervals: {hours: {help: Hours., spans: [{weekdays: ["monday:friday"]}]}}
routes:
  - {route: page, help: All., priority: [P1, P2], receiver: page, group_by: [alertname],
     group_wait: 5s, group_interval: 10s, repeat: 1h}
  - {route: team, help: All., priority: [P3, P4, P5], receiver: team, group_by: [alertname],
     group_wait: 5m, group_interval: 1h, repeat: 1h, active: [hours]}
)";
  CHECK(SiteWorld("", files).told() == "");
  CHECK(SiteWorld("service_tier: best_effort\n", files).told() == "");
  const auto lowered = SiteWorld("service_tier: best_effort\n", files).rendered();
  CHECK(has(lowered.at("rules/alerts/tiny.yml"), "priority: P3"));
  CHECK(!has(lowered.at("rules/alerts/tiny.yml"), "priority: P1"));
  CHECK(!has(lowered.at("docs/runbooks/TinyFull.md"), "pages within a minute"));
}

TEST_CASE("a site has boards of its own, and adds to those that there are") {
  const SiteWorld site(R"(metrics:
  - {metric: shop_orders, type: gauge, unit: orders, help: Orders., labels: [shop], from: files}
boards:
  - board: shop
    title: Shop
    help: Orders.
    rows:
      - row: Orders
        panels: [{metric: shop_orders, width: full}]
  - extend: tiny
    variables: [{variable: shop, metric: shop_orders, label: shop}]
    rows:
      - row: Alerts
        panels: [{panel: Mine, expr: 'shop_orders{shop=~"$shop"}', width: full}]
      - row: Shop
        panels: [{panel: Yours, metric: shop_orders, width: full}]
)",
                       [] {
                         auto files = board_files();
                         files["tiny/metrics.yml"] += "  - {passthrough: files, help: Files.}\n";
                         return files;
                       }());
  REQUIRE(site.told() == "");
  const auto boards = render_boards(site.world.catalog, site.world.site);
  REQUIRE(boards.size() == 2);
  CHECK(validate_boards(boards) == std::vector<std::string>{});
  const auto rendered = site.rendered();
  CHECK(has(rendered.at("dashboards/shop.json"), "\"uid\": \"basewatch-shop\""));
  const auto& tiny = rendered.at("dashboards/tiny.json");
  // In its row, behind what was there; a new row at the end.
  CHECK(tiny.find("\"Mine\"") > tiny.find("\"State\""));
  CHECK(tiny.find("\"Yours\"") > tiny.find("\"Mine\""));
  CHECK(has(tiny, "label_values(shop_orders{node=~\\\"$node\\\"}, shop)"));
  CHECK(has(rendered.at("docs/metrics/site.md"), "board shop, board tiny"));
}

TEST_CASE("what a site's boards may not be") {
  const std::pair<const char*, const char*> cases[] = {
      {"boards: 5\n", "site.yml:2:9: error: boards must be a list, each with a '-' and either"},
      {"boards:\n  - extend: tony\n    rows: [{row: A, panels: [{metric: tiny_load}]}]\n",
       "site.yml:3:13: error: there is no board 'tony' in the catalog to extend: did you mean "
       "'tiny'?"},
      {"boards:\n  - extend: tiny\n    title: X\n    rows: [{row: A, panels: [{metric: "
       "tiny_load}]}]\n",
       "site.yml:4:5: error: unknown key 'title' in what is added to a board"},
      {"boards:\n  - extend: tiny\n", "rows"},
      {"boards:\n  - {board: tiny, title: T, help: H., rows: [{row: A, panels: [{metric: "
       "tiny_load}]}]}\n",
       "[duplicate-board]"},
      {"boards:\n  - extend: tiny\n    rows: [{row: Alerts, panels: [{panel: Share, metric: "
       "tiny_load, width: full}]}]\n",
       "the board has a panel 'Share' already"},
      {"boards:\n  - extend: tiny\n    rows: [{row: A, panels: [{panel: A, expr: tiny_laod, unit: "
       "none}]}]\n",
       "[unknown-metric]"},
  };
  for (const auto& [site, expected] : cases) {
    const auto told = SiteWorld(site).told();
    CHECK_MESSAGE(has(told, expected), site, told);
    CHECK_MESSAGE(has(told, "site.yml:"), told);
  }
}

TEST_CASE("the targets of a configuration are missed by name") {
  Diagnostics diagnostics;
  auto files = read_folder(std::string(SOURCE_DIR) + "/catalog", diagnostics);
  World world(files);
  REQUIRE(world.diagnostics.text() == "");
  const auto before = render(world.catalog, world.site);
  world.site.targets = {{"agent", "main", "basewatch", "a$1", "a$1", true},
                        {"node", "main", "node", "a$1", "a$1", false},
                        {"postgres", "p\"g", "pg", "a$1/p\"g", "a$1", false}};
  check(world.catalog, world.site, world.diagnostics);
  REQUIRE(world.diagnostics.text() == "");
  TemporaryFolder folder;
  write_artefacts(render(world.catalog, world.site), folder.path(), false);
  const auto tested = std::system(
      ("cd " + folder.path().string() +
       "/rules && promtool check rules --lint=all --lint-fatal alerts/agent.yml >/dev/null && cd "
       "tests && promtool test rules agent_test.yml >/dev/null")
          .c_str());
  CHECK(tested == 0);
  for (const auto& artefact : render(world.catalog, world.site)) {
    if (artefact.path == "rules/tests/agent_test.yml") {
      CHECK(has(artefact.text, "TargetMissing stays quiet with every target"));
      CHECK(has(artefact.text, "TargetMissing fires without agent/main"));
      CHECK(has(artefact.text, "TargetMissing fires without node/main"));
    }
  }
  // Without a configuration nothing of it is there.
  for (const auto& artefact : before) {
    if (artefact.path == "rules/alerts/agent.yml") CHECK(!has(artefact.text, "absent("));
    CHECK_MESSAGE(!has(artefact.text, "named_targets"), artefact.path.string());
  }
}

TEST_CASE("sections head the tables of the reference") {
  auto files = board_files();
  auto& metrics = files["tiny/metrics.yml"];
  const auto at = metrics.find("  - {metric: tiny_ratio");
  metrics.insert(at, "  - {section: Shares, help: Of all kinds.}\n");
  const SiteWorld site("", files);
  REQUIRE(site.told() == "");
  const auto page = site.rendered().at("docs/metrics/tiny.md");
  CHECK(has(page, "[Shares](#shares) 5"));
  CHECK(has(page, "\n## Shares\n\nOf all kinds.\n\n| metric |"));
  CHECK(page.find("tiny_bytes_total") < page.find("## Shares"));
  CHECK(page.find("## Shares") < page.find("tiny_ratio"));
  CHECK(has(page, "[TinyHigh](../runbooks/TinyHigh.md)"));

  metrics.insert(metrics.find("  - {metric: tiny_state"), "  - {section: Shares}\n");
  CHECK(has(SiteWorld("", files).told(), "the section 'Shares' stands twice, first at"));
}

TEST_CASE("the names that users build on") {
  Release release;
  Diagnostics diagnostics;
  release.catalog = load(board_files(), "", diagnostics);
  release.site = load_site(board_files(), release.catalog, "", diagnostics);
  const auto names = public_names(release);
  const auto listed = [&](const std::string& line) {
    return std::find(names.begin(), names.end(), line) != names.end();
  };
  CHECK(listed("metric tiny_ratio gauge {kind,mount}"));
  CHECK(listed("alert TinyDown {priority=P2,severity=critical}"));
  CHECK(listed("board basewatch-tiny"));
  CHECK(listed("variable basewatch-tiny node"));
  CHECK(listed(fmt::format("panel basewatch-tiny {}", panel_id("alert:TinyDown"))));
  CHECK(listed("threshold tiny"));
  CHECK(listed("subject tiny exporter=tiny job=tiny instance=node"));
}

}  // namespace basewatch::catalog
