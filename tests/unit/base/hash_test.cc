#include "agent/base/hash.h"

#include <doctest/doctest.h>

#include <string>
#include <unordered_set>

namespace basewatch {

TEST_CASE("the keyed hash tells short texts apart and is stable within the process") {
  std::unordered_set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(keyed_hash("cpu=\"" + std::to_string(i) + "\""));
  CHECK(seen.size() == 10'000);
  CHECK(keyed_hash("node") == keyed_hash(std::string("node")));
  CHECK(keyed_hash("") == keyed_hash({}));
}

}  // namespace basewatch
