#include "catalog/compiler/promql/literals.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"

namespace basewatch::promql {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<double> parse_integer(std::string_view text, int base) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<double>(value);
}

// Of a decimal number that fits no double: whether it is too small rather than too large.
bool underflows(std::string_view text) {
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos && exponent + 1 < text.size()) {
    return text[exponent + 1] == '-';
  }
  return text.substr(0, text.find('.')).find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), lower);
  if (word == "inf") return std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word.starts_with("0x")) return parse_integer(std::string_view(word).substr(2), 16);
  if (word.size() > 1 && word.front() == '0') {
    if (const auto octal = parse_integer(word, 8)) return octal;  // as Go reads it
  }
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end != word.data() + word.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    return underflows(word) ? std::optional(0.0) : std::nullopt;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string format_number(double value) {
  if (std::isnan(value) || std::isinf(value)) return format_double(value);
  char buffer[32];
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(scientific.ptr - buffer));
  const int exponent =
      parse_int(text.substr(text.find('e') + (text[text.find('e') + 1] == '+' ? 2 : 1)))
          .value_or(0);
  // As Go does it, from a million on and below a ten-thousandth.
  if (exponent < -4 || exponent >= 6) return std::string(text);
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return {buffer, fixed.ptr};
}

namespace {

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xc0 | rune >> 6);
    byte(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    byte(0xe0 | rune >> 12);
    byte(0x80 | (rune >> 6 & 0x3f));
    byte(0x80 | (rune & 0x3f));
  } else {
    byte(0xf0 | rune >> 18);
    byte(0x80 | (rune >> 12 & 0x3f));
    byte(0x80 | (rune >> 6 & 0x3f));
    byte(0x80 | (rune & 0x3f));
  }
}

// `count` digits of `base` from text[position] on.
std::uint32_t read_digits(std::string_view text, std::size_t& position, int count, int base,
                          std::size_t escape) {
  const auto digits = text.substr(position, static_cast<std::size_t>(count));
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + count) {
    throw SyntaxError(escape, fmt::format("the escape sequence needs {} {} digits", count,
                                          base == 8 ? "octal" : "hexadecimal"));
  }
  position += static_cast<std::size_t>(count);
  return value;
}

// The escape sequence behind the backslash at text[position - 1].
void read_escape(std::string_view text, std::size_t& position, char quote_mark, std::string& out) {
  const auto escape = position - 1;
  const char c = position < text.size() ? text[position] : '\0';
  constexpr std::string_view kNames = "abfnrtv\\", kValues = "\a\b\f\n\r\t\v\\";
  if (const auto simple = kNames.find(c); simple != std::string_view::npos && c != '\0') {
    ++position;
    out += kValues[simple];
  } else if (c == quote_mark) {
    ++position;
    out += c;
  } else if (c >= '0' && c <= '7') {
    const auto value = read_digits(text, position, 3, 8, escape);
    if (value > 255) throw SyntaxError(escape, "an octal escape sequence ends at \\377");
    out += static_cast<char>(value);
  } else if (c == 'x') {
    out += static_cast<char>(read_digits(text, ++position, 2, 16, escape));
  } else if (c == 'u' || c == 'U') {
    const auto rune = read_digits(text, ++position, c == 'u' ? 4 : 8, 16, escape);
    if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) {
      throw SyntaxError(escape, "the escape sequence is no Unicode character");
    }
    append_utf8(out, rune);
  } else {
    throw SyntaxError(escape,
                      fmt::format("unknown escape sequence \\{}; write \\\\ for a backslash",
                                  printable(text.substr(position, 1))));
  }
}

}  // namespace

std::string read_string(std::string_view text, std::size_t& position) {
  const auto begin = position;
  const char quote_mark = text[position++];
  const bool raw = quote_mark == '`';
  std::string out;
  while (true) {
    if (position >= text.size() || (!raw && text[position] == '\n')) {
      throw SyntaxError(begin, fmt::format("the string is not closed; expected {}", quote_mark));
    }
    const char c = text[position++];
    if (c == quote_mark) break;
    if (c == '\\' && !raw) {
      read_escape(text, position, quote_mark, out);
    } else {
      out += c;
    }
  }
  // The literal itself has to be UTF-8; only escapes may make other bytes. Prometheus takes U+FFFD
  // for a broken sequence, too.
  const auto literal = text.substr(begin, position - begin);
  if (!is_valid_utf8(literal) || literal.find("\xEF\xBF\xBD") != std::string_view::npos) {
    throw SyntaxError(begin, "the string is not valid UTF-8");
  }
  return out;
}

namespace {

// The length of the UTF-8 sequence at the front of `text` that may be written as it is; 0 where the
// first byte has to be escaped.
std::size_t plain_sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const auto sequence = text.substr(0, length);
  // U+0080 to U+009F are control characters; U+FFFD would not read back.
  const bool control = lead == 0xc2 && sequence.size() > 1 && sequence[1] < '\xa0';
  if (!is_valid_utf8(sequence) || control || sequence == "\xEF\xBF\xBD") return 0;
  return length;
}

}  // namespace

std::string quote(std::string_view value) {
  std::string out = "\"";
  while (!value.empty()) {
    const char c = value.front();
    constexpr std::string_view kNames = "abfnrtv\\\"", kValues = "\a\b\f\n\r\t\v\\\"";
    std::size_t length = 1;
    if (const auto simple = kValues.find(c); simple != std::string_view::npos) {
      out += '\\';
      out += kNames[simple];
    } else if (length = plain_sequence(value); length > 0) {
      out += value.substr(0, length);
    } else {
      length = 1;
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    value.remove_prefix(length);
  }
  return out + '"';
}

std::string format_span(Duration span) {
  constexpr std::int64_t kSecond = 1000;
  constexpr struct {
    std::string_view name;
    std::int64_t milliseconds;
    bool only_whole;
  } kUnits[] = {{"y", 365 * 86400 * kSecond, true},
                {"w", 7 * 86400 * kSecond, true},
                {"d", 86400 * kSecond, false},
                {"h", 3600 * kSecond, false},
                {"m", 60 * kSecond, false},
                {"s", kSecond, false},
                {"ms", 1, false}};
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  if (left == 0) return "0s";
  std::string out;
  for (const auto& unit : kUnits) {
    if (left < unit.milliseconds || (unit.only_whole && left % unit.milliseconds != 0)) continue;
    out += fmt::format("{}{}", left / unit.milliseconds, unit.name);
    left %= unit.milliseconds;
  }
  return out;
}

}  // namespace basewatch::promql
