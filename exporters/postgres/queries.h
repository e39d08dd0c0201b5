#pragma once

#include <vector>

#include "agent/plugin/settings.h"
#include "catalog/model/query.h"

namespace basewatch::postgres {

// The built-in queries in the order of the catalog.
std::vector<const QuerySpec*> builtin_queries();

// Whether it stands among PostgreSQL's own queries, and so may be known to the peer.
bool is_the_peers(std::string_view collector);

// Options that the queries' own declarations bring: collectors.<query>.max_rows where the SQL uses
// it, collectors.<query>.others_rows where other databases are asked.
std::vector<Option> query_options();

// What an instance asks that kind of server: built-in queries as its options change them, and those
// of its user.
std::vector<QuerySpec> queries_of(const Settings& settings, ServerKind server);

}  // namespace basewatch::postgres
