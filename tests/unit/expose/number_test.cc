#include "agent/expose/number.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace basewatch::expose {
namespace {

std::string written(double value) {
  char buffer[kMaxNumber];
  return {buffer, write_number(buffer, value)};
}

}  // namespace

TEST_CASE("numbers are written plainly where that is exact") {
  using limits = std::numeric_limits<double>;
  const std::pair<double, std::string> cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-7, "-7"},
      {99, "99"},
      {100, "100"},
      {1e6, "1000000"},
      {123456789, "123456789"},
      {9007199254740991.0, "9007199254740991"},
      {9007199254740992.0, "9007199254740992"},
      {0.1, "0.1"},
      {-0.25, "-0.25"},
      {12345.67, "12345.67"},
      {0.000001, "0.000001"},
      {1.000001, "1.000001"},
      {999999999.999999, "999999999.999999"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {1e-7, "1e-07"},
      {5e-324, "5e-324"},
      {limits::max(), "1.7976931348623157e+308"},
      {-limits::max(), "-1.7976931348623157e+308"},
      {limits::infinity(), "+Inf"},
      {-limits::infinity(), "-Inf"},
      {limits::quiet_NaN(), "NaN"},
      {-limits::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, text] : cases) CHECK(written(value) == text);
}

TEST_CASE("every double reads back as it was") {
  std::uint64_t state = 88172645463325252ull;
  const auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  int wrong = 0;
  const auto check = [&](double value) {
    const std::string text = written(value);
    wrong += text.size() > kMaxNumber || std::strtod(text.c_str(), nullptr) != value ? 1 : 0;
  };
  for (int i = 0; i < 200'000; ++i) {
    const double bits = std::bit_cast<double>(next());
    if (std::isfinite(bits)) check(bits);
    const auto number = static_cast<double>(next() >> (next() % 64));
    check(number);
    check(number / 100);
    check(number / 1000);
    check(-number / 1e6);
    check(number / 1e9);
    check(std::nextafter(number / 1e6, 0));
  }
  CHECK(wrong == 0);
}

}  // namespace basewatch::expose
