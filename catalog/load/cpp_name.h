#pragma once

#include <string>
#include <string_view>

namespace basewatch::catalog {

// The name of a metric's constant in the generated header: the metric's name without the subject's
// prefix; of a family's pattern without {placeholder} and the underscores around it. A C++ keyword,
// and a name that the header uses itself, gains a '_' at its end, a leading digit one before it.
// Empty when nothing is left over.
std::string cpp_name(std::string_view metric_or_pattern, std::string_view prefix);

}  // namespace basewatch::catalog
