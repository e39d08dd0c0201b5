#include "catalog/compiler/yaml_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

constexpr std::size_t kLong = 80;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Words that some reader of YAML takes for something else than a string: YAML 1.1 knows "yes" and
// sexagesimal numbers, Go's reader dates. So anything that begins like a number is quoted.
bool is_special_word(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes",  "no",   "on",
                                         "off",  "y",    "n",     ".inf", ".nan", "nan"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

bool is_safe_plain(std::string_view text) {
  if (text.empty() || is_special_word(text)) return false;
  const char first = text.front();
  const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  if (!letter || text.back() == ' ' || text.back() == ':') return false;
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  return std::ranges::none_of(text, is_control) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// A block keeps its text as it stands, so nothing in it may need an escape.
bool fits_block(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.front() == '\n' || text.back() == '\n')
    return false;
  return std::ranges::none_of(text, [](char c) {
    return (is_control(c) && c != '\n') || static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  if (is_safe_plain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

void YamlWriter::indent() {
  if (!after_dash_) out_.append(depth_ * 2, ' ');
  after_dash_ = false;
}

void YamlWriter::comment(std::string_view text) {
  indent();
  out_ += fmt::format("# {}\n", printable(text, 1000));
}

void YamlWriter::key(std::string_view key) {
  indent();
  out_ += fmt::format("{}:\n", yaml_scalar(key));
  ++depth_;
}

void YamlWriter::item() {
  indent();
  out_ += "- ";
  after_dash_ = true;
  ++depth_;
}

void YamlWriter::close() {
  --depth_;
}

void YamlWriter::value(std::string_view key, std::string_view text) {
  const bool needs_block = text.find('\n') != text.npos || text.size() > kLong;
  indent();
  out_ += yaml_scalar(key) + ":";
  if (needs_block && fits_block(text)) {
    block(text);
  } else {
    out_ += " " + yaml_scalar(text) + "\n";
  }
}

void YamlWriter::block(std::string_view text) {
  out_ += " |-\n";
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.empty()) out_.append((depth_ + 1) * 2, ' ').append(line);
    out_ += '\n';
  }
}

void YamlWriter::plain(std::string_view key, std::string_view text) {
  indent();
  out_ += fmt::format("{}: {}\n", key, text);
}

void YamlWriter::empty_list(std::string_view key) {
  plain(key, "[]");
}

void YamlWriter::entry(std::string_view text) {
  indent();
  out_ += fmt::format("- {}\n", yaml_scalar(text));
}

}  // namespace basewatch::catalog
