#pragma once

#include <string>

#include "agent/status/report.h"

namespace basewatch::status {

// The status page: one HTML document without script and without anything to load. Everything that
// comes from outside is escaped, whoever wrote it.
std::string page(const Facts& facts, const Report& report);

// What the page may do, for the header Content-Security-Policy: nothing but its own style, which is
// named by its hash.
const std::string& content_security_policy();

// The same facts for programs; docs/status.md describes the fields, which only ever gain new ones.
std::string json(const Facts& facts, const Report& report);

}  // namespace basewatch::status
