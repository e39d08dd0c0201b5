#pragma once

#include "agent/clients/postgres/table.h"

namespace basewatch::postgres {

// A console's answer to `show` ("SHOW LISTS") as the rows that SQL would have given: SHOW knows no
// SQL that could shape them, so it is done here, for the catalog's queries and a user's alike.
//
//   LISTS, CONFIG       rows of a name and a value: one row with a column of each name
//   CLIENTS             a row for each database, user, application and state, with their number
//                       as `connections`
//   VERSION             `info` is 1
//   STATS, STATS_TOTALS times in seconds, not microseconds
//   DATABASES           `reserve_pool`, as it was called before 1.24
//
// Any other answer stays as it is. Pure.
clients::Table console_rows(std::string_view show, clients::Table table);

}  // namespace basewatch::postgres
