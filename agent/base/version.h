#pragma once

#include <string_view>

namespace basewatch {

// The version of CMakeLists.txt's project(): "0.1.0".
std::string_view version();

// Where the sources stood when the build was configured, or empty; what it was built with.
std::string_view revision();
std::string_view compiler();

}  // namespace basewatch
