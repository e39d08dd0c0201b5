#pragma once

#include "catalog/load/load.h"

namespace basewatch::catalog {

// The catalog that this binary was built from, written by `catalogc embed`. Any thread.
const Files& embedded_files();

}  // namespace basewatch::catalog
