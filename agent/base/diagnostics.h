#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace basewatch {

// A place in a text file; lines and columns count from 1, 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  std::string text() const;  // "site.yml:12:5", or just the file when the line is unknown
  bool operator==(const Location&) const = default;
  auto operator<=>(const Location&) const = default;
};

// Says where text[offset] stands in its file. The bytes after it follow one column each, until the
// next anchor: quotes, escapes, indentation and line breaks of the file are what lies between.
struct Anchor {
  std::size_t offset = 0;
  int line = 0;
  int column = 0;
  bool operator==(const Anchor&) const = default;
};

// The place of text[offset], whose first byte stands at `where`; anchors are in order of offset.
Location place_in(const Location& where, const std::vector<Anchor>& anchors, std::size_t offset);

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Location where;
  std::string message;  // one sentence: what is wrong, and what to write instead

  std::string text() const;  // "site.yml:12:5: error: ..."
};

// Collects what is wrong with the user's input, so that one run tells all of it. Not thread-safe.
class Diagnostics {
 public:
  void error(const Location& where, std::string message);
  void warning(const Location& where, std::string message);

  bool ok() const { return errors_ == 0; }
  std::size_t errors() const { return errors_; }
  // In order of file, line and column; the same message at the same place stands once.
  std::vector<Diagnostic> sorted() const;
  std::string text() const;  // all of them, one a line

 private:
  std::vector<Diagnostic> list_;
  std::size_t errors_ = 0;
};

// Input that cannot be used at all; what() is the text() of one or more diagnostics.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace basewatch
