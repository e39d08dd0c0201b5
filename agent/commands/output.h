#pragma once

#include <string_view>

namespace basewatch::commands {

// Writes to standard output to the last byte. A reader that has seen enough (a closed pipe) is no
// error; a full disk is: it is told on standard error, and the answer is false.
bool print_out(std::string_view text);

}  // namespace basewatch::commands
