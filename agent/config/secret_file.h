#pragma once

#include <string>

namespace basewatch::config {

// The content of a secret file without its trailing newline. Throws std::runtime_error with a
// sentence that names the path and the reason, never the content. At most 64 KiB; only regular
// files, because a pipe could block whoever asks.
std::string read_secret(const std::string& path);

}  // namespace basewatch::config
