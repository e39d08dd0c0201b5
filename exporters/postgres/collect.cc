#include "exporters/postgres/collect.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNoRight = "42501", kLocked = "55P03", kCancelled = "57014";

bool is_undefined(std::string_view state) {
  return state == "42P01" || state == "42883" || state == "42703" || state == "3F000" ||
         state == "42704";
}

std::string because(const QuerySpec& query, const clients::PgError& error) {
  std::string reason = error.what();
  if (error.sqlstate() == kLocked) {
    reason += "; another session holds a lock on what the query reads";
  }
  if (!query.where.empty()) return fmt::format("{}: {}", query.where, reason);
  return reason;
}

}  // namespace

Served serve(const QuerySpec& query, Session& session, std::int64_t rows, const Deadline& deadline,
             bool is_other_database) {
  const auto& facts = session.facts(deadline);
  if (auto lack = find_lack(query, facts)) return {{}, std::move(lack)};
  auto sql = sql_for(query, facts);
  if (is_other_database) sql = fmt::format("SELECT * FROM ({}) AS others LIMIT {}", sql, rows);
  clients::Statement statement{.sql = sql,
                               .prepare = true,
                               .own_path = !query.where.empty(),
                               .span = deadline.remaining() / 5,
                               .rows = static_cast<std::size_t>(rows)};
  try {
    return {session.run(statement, deadline), std::nullopt};
  } catch (const clients::PgError& error) {
    const auto& state = error.sqlstate();
    const bool built_in = query.where.empty();
    if (built_in && state == kNoRight) {
      session.forget_facts();
      return {{},
              Lack{error.what(), fmt::format("GRANT pg_monitor TO \"{}\", or run "
                                             "deploy/sql/monitoring-role.sql",
                                             facts.user)}};
    }
    if (built_in && is_undefined(state)) {
      session.forget_facts();
      return {{}, Lack{error.what(), ""}};
    }
    throw clients::PgError(because(query, error), state);
  }
}

}  // namespace basewatch::postgres
