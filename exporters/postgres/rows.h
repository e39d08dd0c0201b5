#pragma once

#include <stdexcept>

#include "agent/clients/postgres/table.h"
#include "agent/plugin/page.h"
#include "catalog/model/query.h"

namespace basewatch::postgres {

// A result that does not fit its query's declaration; the message names the column.
class RowError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Turns rows into samples, as the query's columns say. Pure. NULL in a label is the empty text, in
// a value what the column's rule says; true and false are 1 and 0; anything else that is no number
// is a RowError. A column that a variant for another version yields may be missing, and of a
// built-in query any column of a console.
void add_rows(const QuerySpec& query, const clients::Table& table, Page& page);

}  // namespace basewatch::postgres
