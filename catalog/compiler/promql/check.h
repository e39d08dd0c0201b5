#pragma once

#include "catalog/compiler/promql/ast.h"

namespace basewatch::promql {

// Checks argument counts and value types of a whole tree as Prometheus does, and drops the vector
// matching of operations on scalars, where it means nothing. Throws SyntaxError.
ValueType check_types(Expr& expr);

}  // namespace basewatch::promql
