#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/diagnostics.h"

namespace basewatch::yaml {

// Finds the bytes of a scalar in the text it was read from: past quotes, escapes, indentation and
// folded lines. A scalar that cannot be followed to its end counts on from the last byte found. For
// the parser alone; the text and the lines outlive it.
class Aligner {
 public:
  // `lines`: where each line of the text begins.
  Aligner(std::string_view text, const std::vector<std::size_t>& lines)
      : text_(text), lines_(lines) {}

  // Empty when the bytes follow each other from `where` on.
  std::vector<Anchor> align(const Location& where, const std::string& scalar);

 private:
  void advance(std::size_t count);
  void skip_blanks();
  std::pair<std::size_t, std::size_t> take(char wanted) const;

  std::string_view text_;
  const std::vector<std::size_t>& lines_;
  std::size_t at_ = 0, line_ = 0;
  char quote_ = 0;
};

}  // namespace basewatch::yaml
