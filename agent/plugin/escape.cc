#include "agent/plugin/escape.h"

#include <algorithm>
#include <array>

#include "agent/base/strings.h"

namespace basewatch {
namespace {

// Bytes that keep a value from being copied as it is.
constexpr std::array<bool, 256> special_bytes() {
  std::array<bool, 256> special{};
  special['\\'] = special['\n'] = special['"'] = true;
  for (std::size_t i = 0x80; i < 256; ++i) special[i] = true;
  return special;
}
constexpr std::array<bool, 256> kSpecial = special_bytes();

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  const bool plain =
      std::ranges::none_of(text, [](char c) { return kSpecial[static_cast<unsigned char>(c)]; });
  if (plain) {
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
