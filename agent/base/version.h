#pragma once

#include <string_view>

namespace basewatch {

// The version of CMakeLists.txt's project(): "0.1.0".
std::string_view version();

}  // namespace basewatch
