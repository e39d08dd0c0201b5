#pragma once

#include <string>
#include <string_view>

// Values as PromQL writes them.
namespace basewatch::catalog {

std::string promql_string(std::string_view text);  // quoted

// For label_replace, where what is put in may refer to groups of the pattern: $1.
std::string without_groups(std::string_view text);

}  // namespace basewatch::catalog
