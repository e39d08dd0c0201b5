#pragma once

#include "exporters/node/read/kept_file.h"

namespace basewatch::node {

// A file that several collectors of one lane read in each scrape: it is read by the first of them,
// and the others get the same text. Two readings of one reader are never the same text, and no text
// is older than kFresh, so collect[]=stat alone is as fresh as ever.
//
// The lane keeps two collectors from running at once; no lock of its own.
class SharedFile {
 public:
  static constexpr Duration kFresh = std::chrono::milliseconds(50);

  explicit SharedFile(std::string path, Clock& clock = Clock::system())
      : file_(std::move(path)), clock_(clock) {}

  // `reader` tells the readers apart: a bit for each.
  Source read(unsigned reader) {
    if (text_.path.empty() || (readers_ & reader) != 0 || clock_.now() - read_at_ > kFresh) {
      text_.path = {};  // when reading throws, nobody gets the old text
      text_ = file_.read();
      read_at_ = clock_.now();
      readers_ = 0;
    }
    readers_ |= reader;
    return text_;
  }

 private:
  KeptFile file_;
  Clock& clock_;
  Source text_{"", ""};
  MonoTime read_at_;
  unsigned readers_ = 0;
};

}  // namespace basewatch::node
