#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace basewatch {

// A fast hash with a key that is drawn when the process starts: names and label values come from
// outside, and nobody outside may choose them so that a hash table turns into a list. Equal only
// within one process; never write it down. Any thread.
std::uint64_t keyed_hash(std::string_view bytes);

// For std::unordered_map<std::string, T, KeyedHash, std::equal_to<>>.
struct KeyedHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const { return keyed_hash(bytes); }
};

}  // namespace basewatch
