#include "exporters/node/read/stamped_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "exporters/node/read/error_text.h"
#include "exporters/node/read/kept_file.h"

namespace basewatch::node {

StampedFile::State StampedFile::refresh() {
  struct stat now;
  if (stat(path_.c_str(), &now) != 0) {
    stamp_.reset();
    text_.clear();
    if (errno == ENOENT || errno == ENOTDIR) return State::missing;
    throw ReadError(fmt::format("cannot read {}: {}", path_, error_text(errno)));
  }
  if (stamp_ && stamp_->device == now.st_dev && stamp_->inode == now.st_ino &&
      stamp_->size == now.st_size && stamp_->modified.tv_sec == now.st_mtim.tv_sec &&
      stamp_->modified.tv_nsec == now.st_mtim.tv_nsec) {
    return State::same;
  }
  stamp_.reset();
  text_ = KeptFile(path_, 1u << 20).read().text;
  stamp_ = Stamp{now.st_dev, now.st_ino, now.st_size, now.st_mtim};
  return State::changed;
}

}  // namespace basewatch::node
