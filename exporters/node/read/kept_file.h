#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/base/unique_fd.h"
#include "exporters/node/read/source.h"

namespace basewatch::node {

// A small file that is read again and again: /proc/stat, a sysfs attribute. On procfs and sysfs the
// descriptor stays open and the kernel makes the text anew at offset 0, which saves the path walk
// of every scrape; anywhere else (a fixture, lxcfs) files are replaced by renaming, so there it is
// opened each time. After an error it is opened afresh, once. The buffer is kept, too: no
// allocation per read.
//
// One thread at a time. The Source of read() is valid until the next read and as long as this
// lives.
class KeptFile {
 public:
  explicit KeptFile(std::string path, std::size_t limit = 8u << 20)
      : path_(std::move(path)), limit_(limit) {}

  // The whole file. Throws ReadError, also when it is larger than the limit.
  Source read();
  // The same for what need not exist on every machine: nothing when it cannot be opened or read.
  std::optional<Source> try_read();
  // Nothing when there is no such file, or with the errno `also`; throws ReadError for everything
  // else.
  std::optional<Source> read_if_there(int also = 0);

  const std::string& path() const { return path_; }
  bool is_kept() const { return static_cast<bool>(fd_); }

 private:
  int fill();  // 0 or an errno; the text is then in buffer_
  Source result(int error) const;
  int open();
  int read_all(int fd, bool short_is_end);

  std::string path_;
  std::size_t limit_;
  UniqueFd fd_;
  bool short_is_end_ = false;  // of fd_, or of an ordinary file: it gives everything at once
  std::string buffer_;
  std::size_t size_ = 0;
};

// A number alone in a file of sysfs, or nothing.
std::optional<std::uint64_t> read_number(KeptFile& file);

}  // namespace basewatch::node
