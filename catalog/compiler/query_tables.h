#pragma once

#include <string>

#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// The queries of a subject as constexpr tables; empty when it has none.
std::string render_queries(const Subject& subject);

}  // namespace basewatch::catalog
