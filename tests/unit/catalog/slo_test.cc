#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <map>

#include "tests/unit/catalog/world.h"

// What becomes of an SLO: rules, alerts at the paces of the burn, and an objective that a site moves.
namespace basewatch::catalog {
namespace {

Files slo_files(const std::string& page) {
  return {
      {"default-site.yml", "version: 1\n"},
      {"shop/metrics.yml",
       "version: 1\nprefix: shop_\nmetrics:\n"
       "  - {metric: shop_orders_total, type: counter, unit: orders, help: Orders., labels: [how]}\n"},
      {"slo/board.yml",
       "version: 1\nboards:\n  - board: slo\n    title: Levels\n    help: All of it.\n    rows:\n"
       "      - row: One\n        panels:\n"
       "          - {panel: Left, expr: 'instance:slo_orders_budget_left:ratio_rate30d', help: Left., "
       "unit: ratio}\n"
       "          - {panel: Day, expr: 'instance:slo_orders_errors_per_event:ratio_rate1d', help: Day., "
       "unit: ratio}\n"
       "          - {panel: Hour, expr: 'instance:slo_orders_errors_per_event:ratio_rate1h', help: "
       "Hour., unit: ratio}\n"
       "          - {panel: Now, expr: 'instance:slo_orders_errors_per_event:ratio_rate5m', help: "
       "Now., unit: ratio}\n" +
           std::string(page.empty() ? "" :
                                    "          - {alert: OrdersBudgetBurnsFast}\n"
                                    "          - {alert: OrdersBudgetBurns}\n") +
           "          - {alert: OrdersBudgetBurnsSlowly}\n"},
      {"slos.yml",
       "version: 1\nslos:\n  - slo: orders\n    title: Orders\n    help: Orders that arrive.\n"
       "    objective: 0.99\n"
       "    errors: sum by (job, instance, node) (rate(shop_orders_total{how=\"lost\"}[5m]))\n"
       "    events: sum by (job, instance, node) (rate(shop_orders_total[5m]))\n" +
           (page.empty() ? std::string() : "    page: " + page + "\n") +
           "    runbook: {impact: Bad., diagnosis: Look., mitigation: Act.}\n"
           "    tests:\n      series:\n"
           "        'shop_orders_total{how=\"lost\"}': \"0+{{bad}}x120\"\n"
           "        'shop_orders_total{how=\"sent\"}': \"0+{{good}}x120\"\n"},
  };
}

const Subject& slo_of(const World& world) {
  for (const auto& subject : world.catalog.subjects) {
    if (subject.name == "slo") return subject;
  }
  throw std::runtime_error("no subject slo");
}

std::string rendered(const World& world, const std::string& path) {
  for (const auto& artefact : render(world.catalog, world.site)) {
    if (artefact.path.string() == path) return artefact.text;
  }
  return "";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an SLO that pages has rules for each window and an alert for each pace") {
  const World world(slo_files("P1"));
  CHECK(world.diagnostics.text() == "");
  CHECK(slo_of(world).rules.size() == 11);
  std::map<std::string, std::string> priorities;
  for (const auto& alert : slo_of(world).alerts) priorities[alert.name.value] = alert.priority;
  CHECK(priorities == std::map<std::string, std::string>{{"OrdersBudgetBurnsFast", "P1"},
                                                         {"OrdersBudgetBurns", "P2"},
                                                         {"OrdersBudgetBurnsSlowly", "P3"}});
  const auto alerts = rendered(world, "rules/alerts/slo.yml");
  CHECK(holds(alerts, "instance:slo_orders_errors_per_event:ratio_rate1h > 14.4 * (1 - 0.99) and "
                    "instance:slo_orders_errors_per_event:ratio_rate5m > 14.4 * (1 - 0.99)"));
  // A twentieth more than the pace, in the words of the alert.
  CHECK(holds(rendered(world, "rules/tests/slo_test.yml"),
            "15.12% went wrong over the last hour, 14.4 times what the objective 0.99 allows"));
}

TEST_CASE("an SLO that does not page has only the ticket, and no window that nobody reads") {
  const World world(slo_files(""));
  CHECK(world.diagnostics.text() == "");
  CHECK(slo_of(world).rules.size() == 10);
  REQUIRE(slo_of(world).alerts.size() == 1);
  CHECK(slo_of(world).alerts[0].name.value == "OrdersBudgetBurnsSlowly");
}

TEST_CASE("a site moves an objective by the SLO's name") {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "site.yml").string();
  std::ofstream(path) << "version: 1\nobjectives: {orders: 0.96}\n";
  const World world(slo_files("P2"), path);
  CHECK(world.diagnostics.text() == "");
  CHECK(holds(rendered(world, "rules/alerts/slo.yml"), "14.4 * (1 - 0.96) and"));
  CHECK(world.site.thresholds.at("slo_orders_objective").moved);
}

}  // namespace basewatch::catalog
