#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace basewatch::config {

struct Address {
  std::string host;  // without brackets; empty: every address of the machine
  std::uint16_t port = 0;
};

// "127.0.0.1:9777", "[::1]:9777", "localhost:9777", ":9777". Otherwise nothing, and `problem` is
// the rest of the sentence that starts with the name of the key.
std::optional<Address> parse_address(std::string_view text, std::string& problem);

}  // namespace basewatch::config
