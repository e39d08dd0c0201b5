#include "agent/plugin/escape.h"

#include <cstdint>
#include <cstring>

#include "agent/base/strings.h"

namespace basewatch {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

// Bytes whose highest bit is set where `word` has this byte. Others' may be, too, but only behind
// one that is right: good for "is there any".
constexpr std::uint64_t bytes_like(std::uint64_t word, char byte) {
  const auto zero = word ^ (kOnes * static_cast<unsigned char>(byte));
  return (zero - kOnes) & ~zero & kHighs;
}

// Whether one of eight bytes keeps a value from being copied as it is.
constexpr bool has_special(std::uint64_t word) {
  return ((word & kHighs) | bytes_like(word, '\\') | bytes_like(word, '\n') |
          bytes_like(word, '"')) != 0;
}

bool is_plain(std::string_view text) {
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    if (has_special(word)) return false;
  }
  word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return !has_special(word);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  if (is_plain(text)) {
    out.append(text);
    return;
  }
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = to_valid_utf8(text);
    text = repaired;
  }
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quotes && c == '"')) out += '\\';
      out += c;
    }
  }
}

std::string valid_name(std::string_view name, bool colons) {
  std::string out;
  out.reserve(name.size() + 1);
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) out += '_';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80 && !out.empty() && out.back() == '_') continue;  // same character
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      (colons && c == ':');
    out += good ? c : '_';
  }
  return out;
}

}  // namespace

void append_label_value(std::string& out, std::string_view value) {
  append_escaped(out, value, true);
}

void append_help(std::string& out, std::string_view help) {
  append_escaped(out, help, false);
}

std::string valid_metric_name(std::string_view name) {
  return valid_name(name, true);
}
std::string valid_label_name(std::string_view name) {
  return valid_name(name, false);
}

}  // namespace basewatch
