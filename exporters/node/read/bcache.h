#pragma once

#include <optional>
#include <string_view>

namespace basewatch::node {

// A number as bcache writes it for people: "512", "1.1k", "-428.0k". What follows the point is no
// decimal fraction but a count of 1024ths divided by 100, so that .10 is more than .9; it is put
// back in order as node_exporter does. Whole, towards zero.
std::optional<double> parse_bcache_number(std::string_view text);

}  // namespace basewatch::node
