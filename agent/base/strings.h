#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch {

std::string_view trim(std::string_view text);

// Takes the next line off the front of `rest` (without its '\n'); false when nothing is left.
bool next_line(std::string_view& rest, std::string_view& line);

// Takes the next word (blanks and tabs separate) off the front of `rest`; when none is left, an
// empty view of the end, which still says where that is.
std::string_view next_word(std::string_view& rest);

std::vector<std::string_view> split(std::string_view text, char separator);

// The whole of `text` as a number, or nothing: no blanks, no trailing garbage, no locale.
std::optional<double> parse_double(std::string_view text);
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);

// "500ms", "10s", "1h30m", "7d": Prometheus' durations. "0" is allowed, a bare number is not.
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration span);

// "2026-11-20T22:42:51Z"
std::string format_utc(WallTime time);

// The shortest text that reads back as the same double, byte for byte as Go's FormatFloat(v, 'g',
// -1) and so Prometheus writes it: 100000, 1e+06, 0.0001, 1e-05, +Inf, -Inf, NaN.
std::string format_double(double value);

// The candidate that a person most likely meant, or empty: within a third of the word's length.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

bool is_metric_name(std::string_view text);  // [a-zA-Z_:][a-zA-Z0-9_:]*
bool is_label_name(std::string_view text);   // [a-zA-Z_][a-zA-Z0-9_]*
bool is_valid_utf8(std::string_view text);
// Every byte sequence that is no UTF-8 becomes U+FFFD, one for each offending byte, as Go does it.
std::string to_valid_utf8(std::string_view text);

// The text with every control character, also the newline, written as \xNN: what may go into one
// line of a log or an error message, whoever sent it. Cut to `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 200);

// A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// FNV-1a over the bytes: fast for short keys, the same on every machine and build.
constexpr std::uint64_t hash_bytes(std::string_view text,
                                   std::uint64_t seed = 14695981039346656037ull) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return seed;
}

template <std::ranges::range R>
std::string join(const R& parts, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& part : parts) {
    if (!first) out += separator;
    first = false;
    out += part;
  }
  return out;
}

}  // namespace basewatch
