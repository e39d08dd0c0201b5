#pragma once

#include <cstdlib>
#include <string_view>

namespace basewatch {

// Whether golden files are to be written anew: `./dev test --accept`, which then shows what changed.
// Tests that ask have the label `golden`.
inline bool accepting() {
  const auto* value = std::getenv("BASEWATCH_ACCEPT");
  return value && std::string_view(value) == "1";
}

}  // namespace basewatch
