#pragma once

#include <string>

#include "catalog/compiler/promql/vector.h"

namespace basewatch::promql {

// Whether the label has to be the same on both sides.
bool takes_part(const VectorMatching& matching, const std::string& label);

// Why no series of one side can ever match one of the other; empty where one can.
std::string mismatch(const Expr& expr, const Vector& left, const Vector& right);

}  // namespace basewatch::promql
