#include "agent/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <random>

namespace basewatch {

std::uint64_t keyed_hash(std::string_view bytes) {
  static const std::uint64_t kKey = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), kKey);
}

}  // namespace basewatch
