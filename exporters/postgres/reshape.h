#pragma once

#include "agent/clients/postgres/table.h"
#include "catalog/model/query.h"

namespace basewatch::postgres {

// What a query's declaration makes of the rows of a console before they become samples: `pivot`
// turns rows of a name and a value into one row with a column for each name (the first row of a
// name counts), `count_rows` puts rows of equal labels together and counts them. Anything else is
// left as it is. Pure. Throws RowError where a column that it needs is missing.
clients::Table reshaped(const QuerySpec& query, clients::Table table);

}  // namespace basewatch::postgres
