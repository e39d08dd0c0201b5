#pragma once

#include <charconv>
#include <concepts>
#include <string_view>

namespace basewatch::node {

// A number as the value of a label, without an allocation. Use it as a temporary of add().
class NumberLabel {
 public:
  explicit NumberLabel(std::integral auto number)
      : end_(std::to_chars(text_, text_ + sizeof text_, number).ptr) {}
  NumberLabel(const NumberLabel&) = delete;

  operator std::string_view() const { return {text_, end_}; }  // NOLINT: it is the text

 private:
  char text_[21];
  char* end_;
};

}  // namespace basewatch::node
