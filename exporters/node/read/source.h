#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "agent/base/strings.h"

namespace basewatch::node {

// A file that cannot be read or does not look as it should; what() names it, with the line. The run
// has then failed.
class ReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "1af4", without 0x.
std::optional<std::uint64_t> parse_hex(std::string_view word);

// A text that is being read, and where it is from: what every parser takes. The views must stay
// valid while it is parsed, and as long as what the parser returned points into them.
struct Source {
  std::string_view text;
  std::string_view path = "text";

  Source(std::string_view the_text) : text(the_text) {}    // NOLINT: a text alone is a source
  Source(const char* the_text) : text(the_text) {}         // NOLINT
  Source(const std::string& the_text) : text(the_text) {}  // NOLINT
  Source(std::string_view the_text, std::string_view the_path) : text(the_text), path(the_path) {}

  // Throws ReadError "path:line: message"; `at` is the part of the text that is wrong.
  [[noreturn]] void fail(std::string_view at, std::string_view message) const;

  // A word of the text as a number; throws ReadError when it is none.
  double number(std::string_view word) const;
  std::uint64_t whole(std::string_view word) const;
  std::int64_t integer(std::string_view word) const;
  std::uint64_t hex(std::string_view word) const;  // without 0x
};

// Calls visit(line) for every line, also empty ones, without its end.
template <typename Visit>
void for_each_line(const Source& source, Visit&& visit) {
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) visit(line);
}

// The words of a line, into memory that is used again.
inline void split_words(std::string_view line, std::vector<std::string_view>& words) {
  words.clear();
  while (true) {
    const auto word = next_word(line);
    if (word.empty()) return;
    words.push_back(word);
  }
}

// Calls visit(key, rest) for every line `key rest of the line`, whatever blanks are between them. A
// colon at the end of the key is left out; lines without a key are skipped. When visit returns
// false, the rest of the text is not looked at.
template <typename Visit>
void for_each_row(const Source& source, Visit&& visit) {
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    auto key = next_word(line);
    if (key.ends_with(':')) key.remove_suffix(1);
    if (key.empty()) continue;
    if constexpr (std::is_same_v<std::invoke_result_t<Visit, std::string_view, std::string_view>,
                                 bool>) {
      if (!visit(key, line)) return;
    } else {
      visit(key, line);
    }
  }
}

// The first N words of the first line as numbers; throws ReadError when there are fewer.
template <std::size_t N>
std::array<double, N> leading_numbers(const Source& source) {
  std::array<double, N> numbers;
  std::string_view line = source.text.substr(0, source.text.find('\n'));
  for (auto& number : numbers) number = source.number(next_word(line));
  return numbers;
}

}  // namespace basewatch::node
