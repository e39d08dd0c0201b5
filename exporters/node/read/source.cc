#include "exporters/node/read/source.h"

#include <fmt/format.h>

#include <algorithm>

namespace basewatch::node {

void Source::fail(std::string_view at, std::string_view message) const {
  const auto line = std::count(text.data(), at.data(), '\n') + 1;
  throw ReadError(fmt::format("{}:{}: {}", path, line, message));
}

double Source::number(std::string_view word) const {
  const auto value = parse_double(word);
  if (!value) {
    // An empty word may be a default view that points nowhere.
    fail(word.data() ? word : text, word.empty()
                                        ? "a number is missing"
                                        : fmt::format("'{}' is no number", printable(word, 40)));
  }
  return *value;
}

std::uint64_t Source::whole(std::string_view word) const {
  const auto value = parse_uint(word);
  if (!value) {
    fail(word.data() ? word : text,
         word.empty() ? "a number is missing"
                      : fmt::format("'{}' is no whole number", printable(word, 40)));
  }
  return *value;
}

}  // namespace basewatch::node
