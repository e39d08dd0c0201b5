#include "exporters/postgres/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "metrics/pgbouncer.h"
#include "metrics/postgres.h"
#include "metrics/supabase.h"

namespace basewatch::postgres {
namespace {

// A subject whose queries this exporter runs has a line here.
constexpr std::span<const QuerySpec> kSubjects[] = {
    metrics::postgres::queries,
    metrics::pgbouncer::queries,
    metrics::supabase::queries,
};

bool uses_max_rows(const QuerySpec& query) {
  return std::ranges::any_of(query.sql, [](const auto& variant) {
    return variant.sql.find("{max_rows}") != variant.sql.npos;
  });
}

std::string option_name(const QuerySpec& query, std::string_view key) {
  return fmt::format("collectors.{}.{}", query.name, key);
}

}  // namespace

std::vector<const QuerySpec*> builtin_queries() {
  std::vector<const QuerySpec*> out;
  for (const auto& subject : kSubjects) {
    for (const auto& query : subject) out.push_back(&query);
  }
  return out;
}

bool is_the_peers(std::string_view collector) {
  return std::ranges::find(metrics::postgres::queries, collector, &QuerySpec::name) !=
         std::end(metrics::postgres::queries);
}

std::vector<Option> query_options() {
  static std::deque<std::string> texts;  // what the options point to
  std::vector<Option> out;
  for (const auto* query : builtin_queries()) {
    const auto add = [&](std::string_view key, std::int64_t fallback, std::string_view help) {
      out.push_back({texts.emplace_back(option_name(*query, key)), OptionType::integer,
                     texts.emplace_back(std::to_string(fallback)), help});
    };
    if (uses_max_rows(*query)) {
      add("max_rows", query->max_rows, "How many rows it yields at most, the largest first.");
    }
    if (query->on == QueryOn::each) {
      add("others_rows", query->others_rows,
          "How many rows each database beside the configured one may yield, the largest first.");
    }
  }
  return out;
}

std::vector<QuerySpec> queries_of(const Settings& settings, ServerKind server) {
  std::vector<QuerySpec> out;
  const auto rows = [&](const QuerySpec& query, std::string_view key) {
    const auto name = option_name(query, key);
    const auto value = settings.integer(name);
    if (value < 1 || value > 1'000'000) {
      throw SettingError(name, fmt::format("{} must be from 1 to 1000000", key));
    }
    return value;
  };
  for (const auto* query : builtin_queries()) {
    auto own = *query;
    if (uses_max_rows(own)) own.max_rows = rows(own, "max_rows");
    if (own.on == QueryOn::each) own.others_rows = rows(own, "others_rows");
    if (own.compat) own.enabled = own.enabled && settings.flag("compat_names");
    out.push_back(own);
  }
  for (const auto& query : settings.declarations().queries()) out.push_back(query);
  std::erase_if(out, [&](const QuerySpec& query) {
    if (query.needs.server != server) return true;
    return !query.instances.empty() &&
           std::ranges::find(query.instances, settings.instance()) == query.instances.end();
  });
  return out;
}

}  // namespace basewatch::postgres
