#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace basewatch::expose {

// Takes the pieces of the text format off the front of one line after the other. Views it returns
// point into the text, or, where something had to be unescaped, into a buffer that lives until
// the next line. One thread; the text outlives it.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  // Goes to the next line that is not blank; false at the end of the text.
  bool next_line();
  int line() const { return line_; }
  bool ends_with_newline() const { return whole_; }

  // At the front of what is left of the line; at_end() first.
  bool at_end() const { return at_.empty(); }
  char front() const { return at_.front(); }
  bool at_blank() const { return at_.front() == ' ' || at_.front() == '\t'; }
  bool take(char c);
  void skip_blanks();
  std::string_view take_word();
  // What looks like a name; whether it is one shows in what follows.
  std::string_view take_name(bool colons);
  // The text behind an opening quote; the closing one is taken, too. `what` is for the error.
  std::string_view take_quoted(std::string_view what);
  std::string_view take_rest();
  // A copy that lives as long as the line. At most as long as what it was made from.
  std::string_view hold(std::string_view text);

  [[noreturn]] void fail(const std::string& message) const;

 private:
  std::string_view unescaped(std::string_view raw);
  void make_room();

  std::string_view rest_, at_;
  std::size_t line_size_ = 0;
  std::string buffer_;
  int line_ = 0;
  bool whole_ = true;
};

// A number as Go's ParseFloat takes it, but neither hexadecimal nor with underscores.
std::optional<double> read_number(std::string_view text);

}  // namespace basewatch::expose
