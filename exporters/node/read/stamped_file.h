#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// A small file on an ordinary file system that hardly ever changes, such as /etc/os-release: read
// again only when its size, its time or its inode is another one. One thread at a time.
class StampedFile {
 public:
  explicit StampedFile(std::string path) : path_(std::move(path)) {}

  enum class State { same, changed, missing };
  // Looks, and reads it if it has changed. Throws ReadError when it is there but cannot be read;
  // the next call tries again.
  State refresh();

  Source source() const { return {text_, path_}; }
  const std::string& path() const { return path_; }

 private:
  struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    timespec modified;
  };

  std::string path_, text_;
  std::optional<Stamp> stamp_;  // of the text; none: nothing has been read
};

}  // namespace basewatch::node
