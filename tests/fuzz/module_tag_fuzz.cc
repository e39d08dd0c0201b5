// Whatever a file claims to be: reading its tag stays within it, and ends in a tag or a sentence.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "agent/modules/tag.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::size_t asked = 0;
  const auto found =
      basewatch::modules::read_tag([&](std::uint64_t offset, void* to, std::size_t count) {
        asked += count;
        if (offset > size || count > size - offset) return false;
        std::memcpy(to, data + offset, count);
        return true;
      });
  const bool fine = found.tag ? found.problem.empty() : !found.problem.empty();
  if (!fine || asked > 4'000'000) std::abort();
  if (found.tag) basewatch::modules::mismatch(*found.tag);
  return 0;
}
