#include "catalog/compiler/markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

// Longer than any run of backticks in the text, and at least `least`.
std::string fence(std::string_view text, std::size_t least) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest < least ? least : longest + 1, '`');
}

}  // namespace

std::string markdown_head(std::string_view title) {
  return fmt::format("<!-- {} -->\n\n# {}\n", kGeneratedMark, title);
}

std::string markdown_code(std::string_view text) {
  const auto ticks = fence(text, 1);
  const bool touches = text.starts_with('`') || text.ends_with('`');
  return fmt::format("{0}{2}{1}{2}{0}", ticks, text, touches ? " " : "");
}

std::string markdown_block(std::string_view text, std::string_view language) {
  const auto ticks = fence(text, 3);
  return fmt::format("{0}{1}\n{2}\n{0}\n", ticks, language, trim(text));
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace basewatch::catalog
