#pragma once

#include <string_view>

namespace basewatch::redis {

// Whether `text` matches as the server's own SCAN ... MATCH would have it: * ? [a-z] [^a] and
// \ before a sign that means itself. The time is bounded by the product of the lengths.
bool glob_matches(std::string_view pattern, std::string_view text);

// Whether it names more than one key.
bool is_glob(std::string_view text);

}  // namespace basewatch::redis
