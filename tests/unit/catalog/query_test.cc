#include <doctest/doctest.h>

#include <chrono>

#include "catalog/compiler/query_tables.h"
#include "catalog/load/load.h"

using namespace std::chrono_literals;

namespace basewatch::catalog {
namespace {

constexpr auto kText = R"(version: 1
metrics:
  - query: orders
    help: Orders.
    on: {database: each}
    every: 5m
    enabled: false
    compat: true
    instances: [main, replica]
    max_rows: 7
    others_rows: 3
    since: "0.2"
    requires:
      version: ">=13.2 <17"
      extension: pg_trgm
      setting: {track_io_timing: on}
      privilege: pg_monitor
      relation: [shop.orders]
      role: primary
    labels: [plan, shop]
    sql:
      - {version: ">=16", sql: "SELECT plan, shop, orders, total FROM new;  "}
      - {version: ">=13", sql: "SELECT plan, shop, orders FROM old"}
    columns:
      orders: {metric: shop_orders, type: counter, unit: orders, help: Orders., labels: [shop], if_null: zero}
      total: {metric: shop_total, type: gauge, help: Total., since: "0.3"}
)";

}  // namespace

TEST_CASE("a query as a whole, and its metrics among the subject's") {
  Diagnostics diagnostics;
  const auto catalog = load({{"shop/metrics.yml", kText}}, "", diagnostics);
  REQUIRE(diagnostics.text() == "");
  const auto& subject = catalog.subjects.front();
  REQUIRE(subject.queries.size() == 1);
  const auto query = subject.queries.front().spec_of();
  CHECK(query.name == "orders");
  CHECK(query.where == "");
  CHECK(query.on == QueryOn::each);
  CHECK(query.every == 5min);
  CHECK(!query.enabled);
  CHECK(query.compat);
  CHECK(query.instances.size() == 2);
  CHECK(query.max_rows == 7);
  CHECK(query.others_rows == 3);
  CHECK(query.needs.versions == VersionRange{130002, 170000});
  CHECK(query.needs.extension == "pg_trgm");
  CHECK(query.needs.settings[0].name == "track_io_timing");
  CHECK(query.needs.settings[0].value == "on");
  CHECK(query.needs.privileges[0] == "pg_monitor");
  CHECK(query.needs.relations[0] == "shop.orders");
  CHECK(query.needs.role == ServerRole::primary);
  REQUIRE(query.sql.size() == 2);
  CHECK(query.sql[0].sql == "SELECT plan, shop, orders, total FROM new");
  CHECK(query.sql[0].versions.holds(160001));
  CHECK(!query.sql[0].versions.holds(159999));
  REQUIRE(query.columns.size() == 2);
  CHECK(query.columns[0].metric.name == "shop_orders");
  CHECK(query.columns[0].metric.labels.size() == 1);
  CHECK(query.columns[0].null == NullRule::zero);
  CHECK(query.columns[1].metric.labels.size() == 2);

  REQUIRE(subject.metrics.size() == 2);
  CHECK(subject.metrics[0].from_query == "orders");
  CHECK(subject.metrics[0].spec.type == MetricType::counter);
  CHECK(subject.metrics[0].since == "0.2");
  CHECK(subject.metrics[1].since == "0.3");
}

TEST_CASE("queries become tables, and a subject without any has none") {
  Diagnostics diagnostics;
  const auto catalog = load({{"shop/metrics.yml", kText}}, "", diagnostics);
  const auto tables = render_queries(catalog.subjects.front());
  CHECK(tables.find("inline constexpr QuerySpec queries[] = {\n    {\"orders\"") !=
        std::string::npos);
  CHECK(tables.find("{{160000, 2147483647}, \"SELECT plan, shop, orders, total FROM new\"}") !=
        std::string::npos);
  CHECK(render_queries(Subject{}) == "");
}

}  // namespace basewatch::catalog
