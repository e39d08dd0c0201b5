#pragma once

#include <string>

namespace basewatch::modules {

// Why the file or folder at this path, or a folder above it, could be changed by somebody who may
// not change the agent, as a sentence that says what to do; empty when only root and the agent's
// own user can. `path` is absolute and free of symbolic links.
std::string distrust(const std::string& path);

}  // namespace basewatch::modules
