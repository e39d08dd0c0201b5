#include "agent/expose/line_reader.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/base/strings.h"
#include "agent/expose/parse.h"

namespace basewatch::expose {

void LineReader::fail(const std::string& message) const {
  throw ParseError(line_, message);
}

bool LineReader::next_line() {
  while (!rest_.empty()) {
    ++line_;
    const auto end = rest_.find('\n');
    whole_ = end != std::string_view::npos;
    at_ = rest_.substr(0, end);
    rest_.remove_prefix(whole_ ? end + 1 : rest_.size());
    line_size_ = at_.size();
    buffer_.clear();
    if (at_.ends_with('\r')) at_.remove_suffix(1);
    skip_blanks();
    if (!at_.empty()) return true;
  }
  return false;
}

bool LineReader::take(char c) {
  if (at_.empty() || at_.front() != c) return false;
  at_.remove_prefix(1);
  return true;
}

void LineReader::skip_blanks() {
  while (!at_.empty() && at_blank()) at_.remove_prefix(1);
}

std::string_view LineReader::take_word() {
  return next_word(at_);
}

std::string_view LineReader::take_name(bool colons) {
  std::size_t size = 0;
  const auto belongs = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':') ||
           (size > 0 && c >= '0' && c <= '9');
  };
  while (size < at_.size() && belongs(at_[size])) ++size;
  const auto name = at_.substr(0, size);
  at_.remove_prefix(size);
  return name;
}

std::string_view LineReader::take_quoted(std::string_view what) {
  std::size_t size = 0;
  bool escapes = false;
  while (size < at_.size() && at_[size] != '"') {
    if (at_[size] == '\\') {
      escapes = true;
      ++size;
    }
    ++size;
  }
  if (size >= at_.size()) fail(fmt::format("the {} has no closing quote in its line", what));
  auto text = at_.substr(0, size);
  at_.remove_prefix(size + 1);
  if (escapes) text = unescaped(text);
  if (!is_valid_utf8(text)) fail(fmt::format("the {} \"{}\" is not UTF-8", what, printable(text)));
  return text;
}

std::string_view LineReader::take_rest() {
  const auto rest = at_;
  at_ = {};
  return rest;
}

// Views into the buffer must stay, so it gets all its room before the first one: what is held is
// never longer than the text it was made from, and a quoted name is held twice.
void LineReader::make_room() {
  if (buffer_.empty()) buffer_.reserve(2 * line_size_);
}

std::string_view LineReader::hold(std::string_view text) {
  make_room();
  const std::size_t begin = buffer_.size();
  buffer_.append(text);
  return std::string_view(buffer_).substr(begin);
}

std::string_view LineReader::unescaped(std::string_view raw) {
  make_room();
  const std::size_t begin = buffer_.size();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      buffer_ += raw[i];
      continue;
    }
    const char c = raw[++i];
    if (c != '\\' && c != '"' && c != 'n') {
      fail(fmt::format(
          "\\{} is no escape: write \\\\ for a backslash, \\\" for a quote, \\n for a new "
          "line",
          printable(raw.substr(i, 1))));
    }
    buffer_ += c == 'n' ? '\n' : c;
  }
  return std::string_view(buffer_).substr(begin);
}

std::optional<double> read_number(std::string_view text) {
  std::string_view digits = text;
  const bool has_sign = !digits.empty() && (digits.front() == '+' || digits.front() == '-');
  if (has_sign) digits.remove_prefix(1);
  if (digits.empty() || digits.find('(') != std::string_view::npos) return std::nullopt;  // nan(1)
  if (has_sign && (digits.front() == 'n' || digits.front() == 'N')) return std::nullopt;
  if (const auto value = parse_double(text)) return value;
  // What is too small for a double is 0, as in Go; what is too large is an error.
  constexpr std::size_t kLongest = 1000;
  if (text.size() > kLongest || digits.find_first_not_of("0123456789.eE+-") != digits.npos) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  const bool tiny = end == copy.c_str() + copy.size() && value > -1 && value < 1;
  return tiny ? std::optional(value) : std::nullopt;
}

}  // namespace basewatch::expose
