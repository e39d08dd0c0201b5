#pragma once

#include <string>
#include <string_view>

// Prometheus' regular expressions: RE2, always matched against the whole text.
namespace basewatch::promql {

// What is wrong with the pattern; empty when nothing is.
std::string regex_error(std::string_view pattern);

// Whether the pattern matches the whole text; false for one that is no pattern.
bool full_match(std::string_view pattern, std::string_view text);

}  // namespace basewatch::promql
