#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/plugin/module.h"

namespace basewatch::modules {

// Reads bytes of a file; false where there are not so many. So that a test needs no file.
using ReadAt = std::function<bool(std::uint64_t offset, void* to, std::size_t size)>;

// What was found in a file. `tag` is valid up to tag.size, which may be less or more than ours.
struct Found {
  std::optional<ModuleTag> tag;
  std::string problem;  // the rest of a sentence about the file, when there is no tag
};

// Looks for the module tag of a shared object, by reading alone: nothing of the file is run. Reads
// a bounded number of bytes, whatever the file says.
Found read_tag(const ReadAt& read_at);

// Why a module with this tag cannot be used, as the rest of a sentence that says what to do about
// it; empty when it can.
std::string mismatch(const ModuleTag& theirs, const ModuleTag& ours = kModuleTag);

}  // namespace basewatch::modules
