#pragma once

#include "agent/plugin/exporter.h"

namespace basewatch::postgres {

// PostgreSQL, by SQL: a drop-in for postgres_exporter, and every query of the catalog and of a
// user's site.
extern const Plugin plugin;

}  // namespace basewatch::postgres
