#include "exporters/postgres/walker.h"

#include <doctest/doctest.h>

#include "tests/unit/postgres/fake_server.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kLabels[] = {"datname"};
constexpr SqlVariant kSql[] = {{{}, "SELECT tables"}};
constexpr QueryColumn column() {
  QueryColumn out;
  out.column = "n";
  out.metric = {MetricType::gauge, "t_n", "N.", "", kLabels};
  return out;
}
constexpr QueryColumn kColumns[] = {column()};
constexpr QuerySpec query() {
  QuerySpec out;
  out.name = "tables";
  out.on = QueryOn::each;
  out.labels = kLabels;
  out.sql = kSql;
  out.columns = kColumns;
  return out;
}
constexpr QuerySpec kQuery = query();

constexpr Option kFilter[] = {{"include", OptionType::regex, "", "."},
                              {"exclude", OptionType::regex, "", "."}};

struct World {
  FakeServer server;
  std::shared_ptr<InstanceState> state = std::make_shared<InstanceState>();
  Settings settings;
  SessionPool pool;
  Walker walker;

  explicit World(std::map<std::string, Settings::Value> filter = {})
      : settings(Settings::make(kFilter, std::move(filter))),
        pool(server.shared(), 2),
        walker({&kQuery}, NameFilter(settings, "exclude", "include"), state) {
    server.answer("FROM pg_database", {"datname", "ok"},
                  {{"a", "t"}, {"b", "t"}, {"c", "t"}, {"closed", "f"}});
    server.answer("SELECT tables", {"datname", "n"}, {{"x", "1"}});
  }

  Page run(Duration span = 30s) {
    Page page;
    walker.run(pool, page, server.scrape(span));
    page.seal();
    return page;
  }
  std::size_t asked(const std::string& database) {
    return static_cast<std::size_t>(std::ranges::count_if(server.asked, [&](const auto& line) {
      return line.starts_with(database + ": SELECT * FROM (SELECT tables) AS others LIMIT 200");
    }));
  }
  static double success(const Page& page, std::string_view database) {
    const auto* family = page.find("basewatch_postgres_database_success");
    if (!family) return -1;
    for (const auto& sample : family->samples) {
      if (page.labels(sample) == "datname=\"" + std::string(database) + "\"") return sample.value;
    }
    return -1;
  }
};

TEST_CASE("every other database is asked, over two connections at most") {
  World world;
  const auto page = world.run();
  for (const auto* name : {"a", "b", "c"}) {
    CHECK(world.asked(name) == 1);
    CHECK(World::success(page, name) == 1);
  }
  CHECK(World::success(page, "closed") == -1);
  CHECK(world.server.alive == 2);
}

TEST_CASE("the connection to the configured database stays, those of the others make room") {
  World world;
  world.run();
  CHECK(world.server.opened == 1 + 3);
  world.server.clock.advance(60s);
  world.run();
  CHECK(world.server.opened == 1 + 3 + 3);
}

TEST_CASE("a query is not asked anew before its time, and what it yielded stays") {
  World world;
  world.run();
  world.server.clock.advance(10s);
  CHECK(world.run().find("t_n") != nullptr);
  CHECK(world.asked("a") == 1);
  world.server.clock.advance(50s);
  world.run();
  CHECK(world.asked("a") == 2);
}

TEST_CASE("a database that refuses costs itself alone, and what was known of it grows old") {
  World world;
  world.run();
  world.server.refused["b"] = "rejected";
  for (int round = 0; round < 4; ++round) {
    world.server.clock.advance(60s);
    const auto page = world.run();
    CHECK(World::success(page, "a") == 1);
    CHECK(World::success(page, "b") == 0);
  }
  world.server.refused.clear();
  CHECK(World::success(world.run(), "b") == 1);
}

TEST_CASE("include and exclude") {
  World world({{"include", std::string("^[ab]$")}});
  const auto page = world.run();
  CHECK(World::success(page, "b") == 1);
  CHECK(World::success(page, "c") == -1);
}

TEST_CASE("a round without time goes on where it stopped") {
  World world;
  CHECK(World::success(world.run(900ms), "a") == -1);  // too little for any
  CHECK(World::success(world.run(), "a") == 1);
}

}  // namespace
}  // namespace basewatch::postgres
