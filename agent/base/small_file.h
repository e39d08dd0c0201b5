#pragma once

#include <optional>
#include <string>

namespace basewatch {

// The content of a configuration-like file: regular, at most `limit` bytes. Nothing otherwise, and
// `problem` is the reason, fit to follow "cannot be read: ". Never blocks on a pipe.
std::optional<std::string> read_small_file(const std::string& path, std::size_t limit,
                                           std::string& problem);

// Changes whenever the file at `path` is another one, or has other content, as far as its metadata
// tells; also through links. "-" for a file that is not there.
std::string file_signature(const std::string& path);

}  // namespace basewatch
