#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/clock.h"

// Numbers, strings and durations as Prometheus reads and writes them. Pure functions.
namespace basewatch::promql {

// The text of a number token: decimal, hexadecimal, octal with a leading 0, Inf, NaN. Nothing for
// what overflows a double; what is too small for one is 0.
std::optional<double> parse_number(std::string_view text);
std::string format_number(double value);

// Reads the string literal that begins with a quote at text[position] and moves `position` behind
// it. Throws SyntaxError.
std::string read_string(std::string_view text, std::size_t& position);
// The literal in double quotes that reads back as `value`.
std::string quote(std::string_view value);

// "1w", "1h30m": years and weeks only where nothing is left over.
std::string format_span(Duration span);

}  // namespace basewatch::promql
