#pragma once

#include <string>
#include <string_view>

namespace basewatch::modules {

// What dlerror() says, as the rest of a sentence about the module; a missing function of C++ by the
// name that stands in its source.
std::string load_problem(const char* error);

}  // namespace basewatch::modules
