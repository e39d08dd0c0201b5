#pragma once

#include <string>
#include <string_view>

namespace basewatch::catalog {

// The text as one C++ string literal, quotes and all, in printable ASCII whatever the text holds.
std::string cpp_literal(std::string_view text);

}  // namespace basewatch::catalog
