#pragma once

#include <cstddef>

namespace basewatch::expose {

inline constexpr std::size_t kMaxNumber = 32;

// Writes the value as a sample's value into the kMaxNumber bytes at `out` and returns the end.
// Whole numbers that a double holds exactly come in plain digits, others in the shortest text that
// reads back as the same double; +Inf, -Inf, NaN. Pure.
char* write_number(char* out, double value);

}  // namespace basewatch::expose
