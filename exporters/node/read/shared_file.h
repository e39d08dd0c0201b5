#pragma once

#include <mutex>

#include "agent/base/clock.h"
#include "exporters/node/read/kept_file.h"

namespace basewatch::node {

// A file that several collectors read in each scrape: the first of them reads it, and the others
// get the same text. Two readings of one reader are never the same text, and no text is older than
// kFresh, so collect[]=stat alone is as fresh as ever. Any thread; a reader waits while another one
// parses.
class SharedFile {
 public:
  static constexpr Duration kFresh = std::chrono::milliseconds(50);

  explicit SharedFile(std::string path, Clock& clock = Clock::system())
      : file_(std::move(path)), clock_(clock) {}

  // Calls parse(const Source&). `reader` tells the readers apart: a bit for each.
  template <typename Parse>
  void read(unsigned reader, Parse&& parse) {
    std::lock_guard guard(mutex_);
    if (!is_read_ || (readers_ & reader) != 0 || clock_.now() - read_at_ > kFresh) {
      is_read_ = false;  // when reading throws, nobody gets the old text
      text_ = file_.read();
      is_read_ = true;
      read_at_ = clock_.now();
      readers_ = 0;
    }
    readers_ |= reader;
    parse(text_);
  }

 private:
  std::mutex mutex_;
  KeptFile file_;
  Clock& clock_;
  bool is_read_ = false;
  Source text_{""};
  MonoTime read_at_;
  unsigned readers_ = 0;
};

}  // namespace basewatch::node
