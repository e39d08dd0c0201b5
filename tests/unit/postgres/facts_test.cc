#include "exporters/postgres/facts.h"

#include <doctest/doctest.h>

namespace basewatch::postgres {
namespace {

constexpr SqlVariant kOld[] = {{{0, 140000}, "old"},
                               {{140000, 170000}, "FROM {extension}.x LIMIT {max_rows}"}};
constexpr SettingNeed kSettings[] = {{"track_io_timing", "on"}};
constexpr std::string_view kRoles[] = {"pg_monitor"}, kRelations[] = {"auth.users"};
constexpr std::string_view kView[] = {"basewatch.auth_users"};

QuerySpec query() {
  QuerySpec out;
  out.name = "q";
  out.sql = kOld;
  return out;
}

Facts facts() {
  Facts out;
  out.version = 150018;
  out.user = "watch\"er";
  out.database = "app";
  return out;
}

std::string lack(const QuerySpec& query, const Facts& facts) {
  const auto found = find_lack(query, facts);
  return found ? found->text() : "";
}

TEST_CASE("the version decides which SQL is sent") {
  auto spec = query();
  spec.max_rows = 7;
  spec.needs.extension = "x";
  auto known = facts();
  known.extensions["x"] = "odd \"schema";
  CHECK(sql_for(spec, known) == "FROM \"odd \"\"schema\".x LIMIT 7");
  known.version = 130002;
  CHECK(sql_for(spec, known) == "old");
  known.version = 170000;
  CHECK(sql_for(spec, known) == "");
  CHECK(lack(spec, known) == "version 17.0 does not have it");
  CHECK(find_lack(spec, known)->is_version);
}

TEST_CASE("what a server lacks is told with what to do") {
  auto spec = query();
  auto known = facts();
  CHECK(lack(spec, known) == "");
  spec.needs.extension = "x";
  CHECK(lack(spec, known) ==
        "the extension x is not installed in the database app: CREATE EXTENSION x");
  spec.needs.extension = {};
  spec.needs.settings = kSettings;
  CHECK(lack(spec, known) == "the server does not know the setting track_io_timing");
  known.settings["track_io_timing"] = "off";
  CHECK(lack(spec, known) ==
        "the setting track_io_timing is off: ALTER SYSTEM SET track_io_timing = 'on'");
  spec.needs.settings = {};
  spec.needs.privileges = kRoles;
  CHECK(lack(spec, known) ==
        "watch\"er lacks the rights of pg_monitor: GRANT pg_monitor TO \"watch\"\"er\"");
  spec.needs.privileges = {};
  spec.needs.role = ServerRole::standby;
  CHECK(lack(spec, known) == "only a standby has it, and this is a primary");
  spec.needs.role = ServerRole::any;
  spec.needs.server = ServerKind::pgbouncer;
  CHECK(lack(spec, known) == "this is PostgreSQL, not PgBouncer's admin console");
}

TEST_CASE("relations: none, denied, hidden by row security") {
  auto spec = query();
  spec.needs.relations = kRelations;
  auto known = facts();
  CHECK(lack(spec, known) == "there is no relation auth.users in app");
  known.relations["auth.users"] = "denied";
  CHECK(lack(spec, known).starts_with("watch\"er may not read auth.users: GRANT SELECT"));
  known.relations["auth.users"] = "hidden";
  CHECK(lack(spec, known).starts_with("row security hides rows of auth.users from watch\"er"));
  known.relations["auth.users"] = "ok";
  CHECK(lack(spec, known) == "");
  spec.needs.relations = kView;
  CHECK(lack(spec, known) ==
        "there is no relation basewatch.auth_users in app: deploy/sql/monitoring-role.sql makes it "
        "where there is what it shows");
}

TEST_CASE("one SELECT asks for all of it, and its answer is understood") {
  auto spec = query();
  spec.needs.extension = "it's";
  spec.needs.settings = kSettings;
  spec.needs.privileges = kRoles;
  spec.needs.relations = kRelations;
  const QuerySpec* queries[] = {&spec};
  const auto sql = facts_sql(queries);
  CHECK(sql.find("e.extname IN ('it''s')") != std::string::npos);
  CHECK(sql.find("('auth.users', 'auth', 'users')") != std::string::npos);
  clients::Table table;
  table.columns = {"kind", "name", "value"};
  for (const char* cell : {"self", "me", "db", "extension", "x", "public", "setting", "s", "on",
                           "privilege", "pg_monitor", "yes", "relation", "auth.users", "ok"}) {
    table.add(cell);
  }
  Facts known;
  read_facts(table, known);
  CHECK(known.user == "me");
  CHECK(known.extensions.at("x") == "public");
  CHECK(known.settings.at("s") == "on");
  CHECK(known.privileges.contains("pg_monitor"));
  CHECK(known.relations.at("auth.users") == "ok");
}

TEST_CASE("the schemas of the configuration are one quoted text") {
  constexpr SqlVariant kSql[] = {{{}, "= ANY (string_to_array({exposed_schemas}, ','))"}};
  auto spec = query();
  spec.sql = kSql;
  auto known = facts();
  known.exposed_schemas = "public,it's";
  CHECK(sql_for(spec, known) == "= ANY (string_to_array('public,it''s', ','))");
}

}  // namespace
}  // namespace basewatch::postgres
