#pragma once

#include <vector>

#include "agent/plugin/settings.h"
#include "catalog/model/query.h"

namespace basewatch::postgres {

// The built-in queries in the order of the catalog.
std::vector<const QuerySpec*> builtin_queries();

// Options that the queries' own declarations bring: collectors.<query>.max_rows where the SQL uses
// it, collectors.<query>.others_rows where other databases are asked.
std::vector<Option> query_options();

// What an instance asks that kind of server: built-in queries as its options change them, and those
// of its user.
std::vector<QuerySpec> queries_of(const Settings& settings, ServerKind server);

}  // namespace basewatch::postgres
