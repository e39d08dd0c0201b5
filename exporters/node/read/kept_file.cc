#include "exporters/node/read/kept_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exporters/node/read/error_text.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kFirstSize = 4096;

struct FileSystem {
  bool may_be_kept = false;   // the kernel makes the text anew at every read from 0
  bool short_is_end = false;  // a read that gives less than was asked for has given the rest
};

constexpr FileSystem kOrdinary{false, true};

FileSystem file_system_of(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return {};
  switch (info.f_type) {
    case PROC_SUPER_MAGIC:
      return {true, false};  // a large file comes in pieces of whole lines
    case SYSFS_MAGIC:
      return {true, true};
    case FUSE_SUPER_MAGIC:  // lxcfs
      return {false, false};
    default:
      return kOrdinary;
  }
}

}  // namespace

Source KeptFile::read() {
  return result(fill());
}

std::optional<Source> KeptFile::read_if_there(int also) {
  const int error = fill();
  if (error == ENOENT || error == ENOTDIR || (error != 0 && error == also)) return std::nullopt;
  return result(error);
}

Source KeptFile::result(int error) const {
  if (error != 0) {
    throw ReadError(error == EFBIG
                        ? fmt::format("{} is larger than {} bytes and is not read", path_, limit_)
                        : fmt::format("cannot read {}: {}", path_, error_text(error)));
  }
  return {std::string_view(buffer_.data(), size_), path_};
}

std::optional<Source> KeptFile::try_read() {
  if (fill() != 0) return std::nullopt;
  return Source(std::string_view(buffer_.data(), size_), path_);
}

int KeptFile::fill() {
  if (fd_) {
    if (const int error = read_all(fd_.get(), short_is_end_); error == 0 || error == EFBIG)
      return error;
    fd_.reset();  // the device behind it went, or procfs was mounted anew
    short_is_end_ = false;
  }
  return open();
}

int KeptFile::open() {
  // O_NONBLOCK: a pipe somebody put there must not hold the scrape; no effect on anything else.
  UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const int error = errno;
    short_is_end_ = false;
    return error;
  }
  // Was it on an ordinary file system the last time, so it is now.
  const bool was_ordinary = std::exchange(short_is_end_, false);
  const auto system = was_ordinary ? kOrdinary : file_system_of(fd.get());
  const int error = read_all(fd.get(), system.short_is_end);
  if (error != 0) return error;
  short_is_end_ = system.short_is_end;
  if (system.may_be_kept) fd_ = std::move(fd);
  return 0;
}

int KeptFile::read_all(int fd, bool short_is_end) {
  size_ = 0;
  if (buffer_.empty()) buffer_.resize(kFirstSize);
  while (true) {
    if (size_ == buffer_.size()) {
      if (size_ >= limit_) return EFBIG;
      buffer_.resize(std::min(buffer_.size() * 4, limit_ + 1));
    }
    const auto wanted = buffer_.size() - size_;
    const auto got = pread(fd, buffer_.data() + size_, wanted, static_cast<off_t>(size_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return size_ > limit_ ? EFBIG : 0;
    size_ += static_cast<std::size_t>(got);
    if (short_is_end && static_cast<std::size_t>(got) < wanted) return size_ > limit_ ? EFBIG : 0;
  }
}

std::optional<std::uint64_t> read_number(KeptFile& file) {
  const auto source = file.try_read();
  return source ? parse_uint(trim(source->text)) : std::nullopt;
}

}  // namespace basewatch::node
