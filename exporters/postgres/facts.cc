#include "exporters/postgres/facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::postgres {
namespace {

using Names = std::set<std::string_view>;

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string list_of(const Names& names) {
  std::string out;
  for (const auto name : names) out += (out.empty() ? "" : ", ") + literal(name);
  return out;
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

// to_regclass() raises an error for a schema that one may not enter, so the catalogs are asked.
std::string relations_sql(const Names& names) {
  std::string rows;
  for (const auto name : names) {
    const auto dot = name.find('.');
    const auto schema = dot == name.npos ? std::string_view("public") : name.substr(0, dot);
    rows += fmt::format("{}({}, {}, {})", rows.empty() ? "" : ", ", literal(name), literal(schema),
                        literal(dot == name.npos ? name : name.substr(dot + 1)));
  }
  return "SELECT 'relation', w.name, CASE WHEN c.oid IS NULL THEN 'none' "
         "WHEN NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_any_column_privilege(c.oid, "
         "'SELECT') THEN 'denied' WHEN row_security_active(c.oid) THEN 'hidden' ELSE 'ok' END "
         "FROM (VALUES " +
         rows +
         ") AS w(name, schema, relation) LEFT JOIN pg_namespace n ON n.nspname = w.schema LEFT "
         "JOIN "
         "pg_class c ON c.relnamespace = n.oid AND c.relname = w.relation";
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 10000, version % 10000);
}

std::string facts_sql(std::span<const QuerySpec* const> queries) {
  Names extensions, settings, privileges, relations;
  for (const auto* query : queries) {
    const auto& needs = query->needs;
    if (!needs.extension.empty()) extensions.insert(needs.extension);
    for (const auto& setting : needs.settings) settings.insert(setting.name);
    privileges.insert(needs.privileges.begin(), needs.privileges.end());
    relations.insert(needs.relations.begin(), needs.relations.end());
  }
  std::string sql =
      "SELECT 'self' AS kind, current_user::text AS name, current_database()::text AS value";
  if (!extensions.empty()) {
    sql +=
        " UNION ALL SELECT 'extension', e.extname::text, n.nspname::text FROM pg_extension e "
        "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname IN (" +
        list_of(extensions) + ")";
  }
  if (!settings.empty()) {
    sql += " UNION ALL SELECT 'setting', w.name, current_setting(w.name, true) FROM unnest(ARRAY[" +
           list_of(settings) + "]) AS w(name)";
  }
  if (!privileges.empty()) {
    sql +=
        " UNION ALL SELECT 'privilege', r.rolname::text, 'yes' FROM pg_roles r WHERE "
        "pg_has_role(current_user, r.oid, 'USAGE') AND r.rolname IN (" +
        list_of(privileges) + ")";
  }
  if (!relations.empty()) sql += " UNION ALL " + relations_sql(relations);
  return sql;
}

void read_facts(const clients::Table& table, Facts& facts) {
  facts.extensions.clear(), facts.settings.clear();
  facts.privileges.clear(), facts.relations.clear();
  for (std::size_t row = 0; row < table.rows() && table.columns.size() == 3; ++row) {
    const auto kind = table.cell(row, 0).value_or("");
    const std::string name(table.cell(row, 1).value_or(""));
    const auto value = table.cell(row, 2);
    if (kind == "self") facts.user = name, facts.database = value.value_or("");
    if (kind == "extension") facts.extensions[name] = value.value_or("");
    if (kind == "setting" && value) facts.settings[name] = *value;
    if (kind == "privilege") facts.privileges.insert(name);
    if (kind == "relation") facts.relations[name] = value.value_or("none");
  }
}

namespace {

std::optional<Lack> lack_of_server(const QuerySpec& query, const Facts& facts) {
  const auto& needs = query.needs;
  if (needs.server != facts.server) {
    return Lack{facts.server == ServerKind::pgbouncer
                    ? "this is PgBouncer's admin console, not PostgreSQL"
                    : "this is PostgreSQL, not PgBouncer's admin console",
                "", true};
  }
  const bool has_variant = std::ranges::any_of(
      query.sql, [&](const auto& variant) { return variant.versions.holds(facts.version); });
  if (!needs.versions.holds(facts.version) || !has_variant) {
    return Lack{fmt::format("version {} does not have it", version_text(facts.version)), "", true};
  }
  if (needs.role == ServerRole::primary && facts.standby) {
    return Lack{"only a primary has it, and this is a standby", "", true};
  }
  if (needs.role == ServerRole::standby && !facts.standby) {
    return Lack{"only a standby has it, and this is a primary", "", true};
  }
  return std::nullopt;
}

std::optional<Lack> lack_of_relation(std::string_view name, const Facts& facts) {
  const auto found = facts.relations.find(name);
  const std::string state = found == facts.relations.end() ? "none" : found->second;
  if (state == "none") {
    return Lack{fmt::format("there is no relation {} in {}", name, facts.database),
                name.starts_with("basewatch.")
                    ? "deploy/sql/monitoring-role.sql makes it where there is what it shows"
                    : ""};
  }
  if (state == "denied") {
    return Lack{fmt::format("{} may not read {}", facts.user, name),
                fmt::format("GRANT SELECT ON {} TO {}, and USAGE on its schema", name,
                            quoted_name(facts.user))};
  }
  if (state == "hidden") {
    return Lack{fmt::format("row security hides rows of {} from {}", name, facts.user),
                "read it through a view of its owner's, as deploy/sql/monitoring-role.sql does, or "
                "give the role BYPASSRLS"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Lack> find_lack(const QuerySpec& query, const Facts& facts) {
  if (auto lack = lack_of_server(query, facts)) return lack;
  const auto& needs = query.needs;
  if (!needs.extension.empty() && !facts.extensions.contains(needs.extension)) {
    return Lack{fmt::format("the extension {} is not installed in the database {}", needs.extension,
                            facts.database),
                fmt::format("CREATE EXTENSION {}", needs.extension)};
  }
  for (const auto& setting : needs.settings) {
    const auto found = facts.settings.find(setting.name);
    if (found == facts.settings.end()) {
      return Lack{fmt::format("the server does not know the setting {}", setting.name), ""};
    }
    if (!setting.value.empty() && found->second != setting.value) {
      return Lack{fmt::format("the setting {} is {}", setting.name, found->second),
                  fmt::format("ALTER SYSTEM SET {} = '{}'", setting.name, setting.value)};
    }
  }
  for (const auto role : needs.privileges) {
    if (facts.privileges.contains(role)) continue;
    return Lack{fmt::format("{} lacks the rights of {}", facts.user, role),
                fmt::format("GRANT {} TO {}", role, quoted_name(facts.user))};
  }
  for (const auto relation : needs.relations) {
    if (auto lack = lack_of_relation(relation, facts)) return lack;
  }
  return std::nullopt;
}

std::string sql_for(const QuerySpec& query, const Facts& facts) {
  for (const auto& variant : query.sql) {
    if (!variant.versions.holds(facts.version)) continue;
    auto sql = replaced(std::string(variant.sql), "{max_rows}", std::to_string(query.max_rows));
    sql = replaced(std::move(sql), "{exposed_schemas}", literal(facts.exposed_schemas));
    if (const auto found = facts.extensions.find(query.needs.extension);
        found != facts.extensions.end()) {
      sql = replaced(std::move(sql), "{extension}", quoted_name(found->second));
    }
    return sql;
  }
  return "";
}

}  // namespace basewatch::postgres
