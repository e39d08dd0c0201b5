#pragma once

#include <array>
#include <string_view>

namespace basewatch::node {

// "Active(anon)" of /proc/meminfo is called Active_anon in a metric's name; `buffer` keeps the
// text.
std::string_view meminfo_field(std::string_view key, std::array<char, 64>& buffer);

}  // namespace basewatch::node
