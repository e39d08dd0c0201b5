#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "agent/expose/number.h"

namespace basewatch::expose {

// Appends lines to a string through a block that stays in the first level cache: no growth checks
// and no zero-filling for each piece. What was written is in the string after flush(). One thread.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;

  void text(std::string_view piece) {
    if (piece.size() > room()) {
      flush();
      if (piece.size() > room()) {
        out_.append(piece);
        return;
      }
    }
    put(piece);
  }

  // head labels "} " value "\n"; without `closing` just head labels " " value "\n".
  void line(std::string_view head, std::string_view labels, std::string_view closing,
            double value) {
    if (head.size() + labels.size() + closing.size() + kMaxNumber + 1 > room()) {
      flush();
      if (head.size() + labels.size() + closing.size() + kMaxNumber + 1 > room()) {
        out_.append(head).append(labels);
        head = labels = "";  // what follows fits
      }
    }
    put(head);
    put(labels);
    put(closing);
    at_ = write_number(at_, value);
    *at_++ = '\n';
  }

  void flush() {
    out_.append(block_.data(), static_cast<std::size_t>(at_ - block_.data()));
    at_ = block_.data();
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(block_.data() + block_.size() - at_); }
  void put(std::string_view piece) {
    std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }

  std::string& out_;
  std::array<char, 16384> block_;
  char* at_ = block_.data();
};

}  // namespace basewatch::expose
