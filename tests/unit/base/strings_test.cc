#include "agent/base/strings.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace basewatch {

TEST_CASE("durations read and print like Prometheus'") {
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("0") == 0s);
  CHECK(parse_duration("7d") == 168h);
  for (const auto* bad : {"", "5", "s", "5x", "1m1h", "1m1m", "-5s", "1.5s", "9999999999999y"}) {
    CHECK_MESSAGE(!parse_duration(bad), bad);
  }
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(1500ms) == "1s500ms");
  CHECK(parse_duration(format_duration(26h + 3s)) == 26h + 3s);
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_double("1e3") == 1000.0);
  CHECK(parse_double("+5") == 5.0);
  CHECK(parse_double("-0.5") == -0.5);
  for (const auto* bad : {"", " 1", "1 ", "1x", "+-1", "++1", "0x10"}) {
    CHECK_MESSAGE(!parse_double(bad), bad);
  }
  CHECK(!parse_int("9223372036854775808"));
  CHECK(parse_uint("18446744073709551615") == 18446744073709551615ull);
}

TEST_CASE("doubles print in their shortest form") {
  CHECK(format_double(1e6) == "1e+06");
  CHECK(format_double(0.1) == "0.1");
  CHECK(format_double(100000) == "100000");
  CHECK(format_double(1234567) == "1.234567e+06");
  CHECK(format_double(0.0001) == "0.0001");
  CHECK(format_double(0.00001) == "1e-05");
  CHECK(format_double(0) == "0");
  CHECK(format_double(-0.0) == "-0");
  CHECK(format_double(1e21) == "1e+21");
  CHECK(format_double(5e-324) == "5e-324");
  CHECK(format_double(-std::numeric_limits<double>::infinity()) == "-Inf");
  CHECK(format_double(std::numeric_limits<double>::quiet_NaN()) == "NaN");
}

TEST_CASE("nearest finds the typo and leaves strangers alone") {
  const std::vector<std::string_view> known{"server", "exporters", "site", "node"};
  CHECK(nearest("exporter", known) == "exporters");
  CHECK(nearest("sevrer", known) == "server");
  CHECK(nearest("ndoe", known) == "node");
  CHECK(nearest("alertmanager", known).empty());
  CHECK(nearest("x", known).empty());
}

TEST_CASE("broken UTF-8 is replaced byte by byte") {
  CHECK(is_valid_utf8("gr\xc3\xbc\xc3\x9f"));
  CHECK(!is_valid_utf8("\xc0\xaf"));          // overlong
  CHECK(!is_valid_utf8("\xed\xa0\x80"));      // surrogate
  CHECK(!is_valid_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK(to_valid_utf8("a\xff\xfe" "b") == "a\xEF\xBF\xBD\xEF\xBF\xBD" "b");
  CHECK(printable("a\nb\x7f") == "a\\x0ab\\x7f");
}

TEST_CASE("words and lines come off the front") {
  std::string_view text = "one\n\nlast", line;
  REQUIRE(next_line(text, line));
  CHECK(line == "one");
  REQUIRE(next_line(text, line));
  CHECK(line.empty());
  REQUIRE(next_line(text, line));
  CHECK(line == "last");
  CHECK(!next_line(text, line));
  std::string_view words = "  cpu0 \t12";
  CHECK(next_word(words) == "cpu0");
  CHECK(next_word(words) == "12");
  CHECK(next_word(words).empty());
  std::string_view blanks = "  ";
  const auto* end = blanks.data() + 2;
  CHECK(next_word(blanks).data() == end);
}

}  // namespace basewatch
