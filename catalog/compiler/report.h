#pragma once

#include <string>
#include <string_view>

#include "agent/base/diagnostics.h"

namespace basewatch::catalog {

// The analysis finds these everywhere; they are wrong only in what an alert reads.
inline constexpr std::string_view kFlapping = "flapping-function";

// An error of one of the compiler's checks. The code stands at its end and in docs/catalog.md.
inline void report(Diagnostics& diagnostics, const Location& where, std::string_view code,
                   std::string message) {
  diagnostics.error(where, message.append(" [").append(code).append("]"));
}

}  // namespace basewatch::catalog
