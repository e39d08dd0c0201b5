#pragma once

#include <functional>
#include <string>

#include "agent/plugin/exporter.h"
#include "exporters/postgres/session.h"

namespace basewatch::postgres {

// What became of a query that was not served, beside failing: why it is absent.
struct Served {
  clients::Table table;
  std::optional<Lack> lack;
};

// Asks one query of one database. What the server does not have, or does not let us see, is a lack
// of a built-in query; of a user's query it is an error that names his file and line, because he
// meant to get something. Throws std::runtime_error with a sentence for the log.
Served serve(const QuerySpec& query, Session& session, std::int64_t rows, const Deadline& deadline,
             bool is_other_database = false);

}  // namespace basewatch::postgres
