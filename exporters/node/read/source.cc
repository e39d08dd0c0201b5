#include "exporters/node/read/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

namespace basewatch::node {

void Source::fail(std::string_view at, std::string_view message) const {
  // A view of nothing, as trim() makes it of blanks, points nowhere.
  const auto* place = at.data();
  const bool is_inside = std::less_equal<>()(text.data(), place) &&
                         std::less_equal<>()(place, text.data() + text.size());
  const auto line = (is_inside ? std::count(text.data(), place, '\n') : 0) + 1;
  throw ReadError(fmt::format("{}:{}: {}", path, line, message));
}

namespace {

template <typename T>
T expect(const Source& source, std::string_view word, std::optional<T> value,
         std::string_view kind) {
  if (value) return *value;
  source.fail(word, word.empty() ? "a number is missing"
                                 : fmt::format("'{}' is no {}", printable(word, 40), kind));
}

}  // namespace

std::optional<std::uint64_t> parse_hex(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

double Source::number(std::string_view word) const {
  return expect(*this, word, parse_double(word), "number");
}

std::uint64_t Source::whole(std::string_view word) const {
  return expect(*this, word, parse_uint(word), "whole number");
}

std::int64_t Source::integer(std::string_view word) const {
  return expect(*this, word, parse_int(word), "whole number");
}

std::uint64_t Source::hex(std::string_view word) const {
  return expect(*this, word, parse_hex(word), "hexadecimal number");
}

}  // namespace basewatch::node
