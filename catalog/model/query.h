#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "agent/base/clock.h"
#include "catalog/model/metric.h"

// One SQL query and the metrics that come out of it. Views only, as MetricSpec: built-in queries
// are constexpr tables generated from catalog/, those of a user's site point into what loaded them.
namespace basewatch {

// Versions of a server as major * 10000 + minor, as PostgreSQL's server_version_num counts them.
struct VersionRange {
  int least = 0;
  int below = std::numeric_limits<int>::max();

  constexpr bool holds(int version) const { return version >= least && version < below; }
  constexpr bool operator==(const VersionRange&) const = default;
};

struct SqlVariant {
  VersionRange versions;
  std::string_view sql;
};

// Where a query runs. `cluster` and `configured` run on the configured database: what the first
// yields is the same in every database. `each` runs in the others, too, in the background.
enum class QueryOn : std::uint8_t { cluster, configured, each };

enum class NullRule : std::uint8_t { skip, zero, nan };

// A column whose values become samples of one metric, or of the members of one family.
struct QueryColumn {
  std::string_view column;  // of a histogram: the array of its bounds
  MetricSpec metric;        // its labels are columns of these names; no name when it is a family
  NullRule null = NullRule::skip;
  std::string_view pattern, field;  // a family, and the column that holds the placeholder's value
  std::string_view buckets, sum, count;  // of a histogram, the columns beside its bounds
};

struct SettingNeed {
  std::string_view name, value;  // any value when empty
};

enum class ServerKind : std::uint8_t { postgres, pgbouncer };
enum class ServerRole : std::uint8_t { any, primary, standby };

// What a server must have before the query is sent at all. What it lacks is no failure.
struct QueryNeeds {
  ServerKind server = ServerKind::postgres;
  ServerRole role = ServerRole::any;
  VersionRange versions;
  std::string_view extension;  // its schema replaces {extension} in the SQL
  std::span<const SettingNeed> settings;
  std::span<const std::string_view> privileges;  // roles whose rights we must have: pg_monitor
  std::span<const std::string_view> relations;   // readable, and not hidden by row security
};

struct QuerySpec {
  std::string_view name;  // the collector's
  std::string_view help;
  std::string_view where;  // file:line of a user's query; empty: built in
  QueryOn on = QueryOn::configured;
  Duration every = Duration::zero();  // zero: on scrape
  bool enabled = true;
  bool compat = false;             // only with compat_names
  std::int64_t max_rows = 10'000;  // {max_rows} in the SQL; rows beyond are dropped and counted
  std::int64_t others_rows = 200;  // on `each`: rows from a database that is not the configured one
  std::span<const std::string_view> labels;  // columns that become labels
  std::span<const SqlVariant> sql;           // the first whose versions hold
  std::span<const QueryColumn> columns;
  QueryNeeds needs;
  std::span<const std::string_view> instances;  // only these; all when empty
};

}  // namespace basewatch
