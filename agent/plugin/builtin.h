#pragma once

#include <span>

#include "agent/plugin/exporter.h"

namespace basewatch {

// The exporters that are linked in, in the order of exporters/CMakeLists.txt. The table is written
// by CMake: a constructor that registers itself is silently dropped from a static archive.
std::span<const Plugin* const> builtin_plugins();

}  // namespace basewatch
