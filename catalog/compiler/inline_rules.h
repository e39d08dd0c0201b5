#pragma once

#include <string>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// The expression with each recorded name replaced by what its rule computes, for a Prometheus that
// does not record it (yet). A name with matchers or an offset stays: PromQL has no such form.
std::string inline_rules(const Program& program, const Expression& expression);

}  // namespace basewatch::catalog
