#include "agent/expose/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace basewatch::expose {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

constexpr std::array<char, 200> digit_pairs() {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr auto kPairs = digit_pairs();

char* write_integer(char* out, std::uint64_t number) {
  char digits[20];
  char* begin = digits + sizeof digits;
  while (number >= 100) {
    begin -= 2;
    std::memcpy(begin, &kPairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number >= 10) {
    begin -= 2;
    std::memcpy(begin, &kPairs[2 * number], 2);
  } else {
    *--begin = static_cast<char>('0' + number);
  }
  const auto size = static_cast<std::size_t>(digits + sizeof digits - begin);
  std::memcpy(out, begin, size);
  return out + size;
}

// Values of up to six decimals, as seconds and ratios mostly are. n/10^6 is rounded correctly by
// the division, so the text reads back as the same double; and below 15 digits no shorter one
// would.
char* write_decimals(char* out, double size) {
  constexpr double kScale = 1e6;
  if (size >= 1e9) return nullptr;
  const double scaled = size * kScale + 0.5;
  const auto whole = static_cast<std::uint64_t>(scaled);
  if (static_cast<double>(whole) / kScale != size) return nullptr;
  out = write_integer(out, whole / 1'000'000);
  auto rest = static_cast<std::uint32_t>(whole % 1'000'000);
  *out++ = '.';
  std::memcpy(out, &kPairs[2 * (rest / 10'000)], 2);
  rest %= 10'000;
  std::memcpy(out + 2, &kPairs[2 * (rest / 100)], 2);
  std::memcpy(out + 4, &kPairs[2 * (rest % 100)], 2);
  out += 6;
  while (out[-1] == '0') --out;  // ends at the latest at the digit that makes it no integer
  return out;
}

char* write_word(char* out, const char* word, std::size_t size) {
  std::memcpy(out, word, size);
  return out + size;
}

}  // namespace

char* write_number(char* out, double value) {
  const double size = std::fabs(value);
  if (!(size < kExactIntegers)) {  // NaN, too
    if (std::isnan(value)) return write_word(out, "NaN", 3);
    if (std::isinf(value)) return write_word(out, value > 0 ? "+Inf" : "-Inf", 4);
    return std::to_chars(out, out + kMaxNumber, value).ptr;
  }
  if (std::signbit(value)) *out++ = '-';
  const auto whole = static_cast<std::uint64_t>(size);
  if (static_cast<double>(whole) == size) return write_integer(out, whole);
  if (char* end = write_decimals(out, size)) return end;
  return std::to_chars(out, out + kMaxNumber - 1, size).ptr;
}

}  // namespace basewatch::expose
