#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "catalog/compiler/promql/literals.h"
#include "catalog/compiler/promql/parser.h"

using namespace std::chrono_literals;

namespace basewatch::promql {

TEST_CASE("expressions print as Prometheus prints them") {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"sum(rate(x[5m]))by(a,b)", "sum by (a, b) (rate(x[5m]))"},
      {"x{b='2',a=\"1\",}", "x{a=\"1\",b=\"2\"}"},
      {"x { } ", "x"},
      {"{__name__='x y',a='b'}", "{__name__=\"x y\",a=\"b\"}"},
      {"{__name__='bool'}", "{__name__=\"bool\"}"},
      {"{__name__='Inf'}", "{__name__=\"Inf\"}"},
      {"{__name__='sum'}", "sum"},
      {"x[7d]", "x[1w]"},
      {"x[8d]", "x[8d]"},
      {"x[90m]", "x[1h30m]"},
      {"x[365d]", "x[1y]"},
      {"x offset 5m @ 5", "x @ 5.000 offset 5m"},
      {"x @ -1.0005", "x @ -1.001"},
      {"x[5m:] @ start()", "x[5m:] @ start()"},
      {"a*on(x)group_left b", "a * on (x) group_left () b"},
      {"a*ignoring()group_left(y)b", "a * ignoring () group_left (y) b"},
      {"a>bool ignoring(x)b", "a > bool ignoring (x) b"},
      {"a + ignoring() b", "a + b"},
      {"a Unless b", "a unless b"},
      {"-(a)", "-(a)"},
      {"--a", "--a"},
      {"- 1", "-1"},
      {"0x10 + 017 + .5", "16 + 15 + 0.5"},
      {"1e6 > 100000", nullptr},
      {"x > 1e6", "x > 1e+06"},
      {"x > 123456", "x > 123456"},
      {"x < 0.0001", "x < 0.0001"},
      {"x < 0.00001", "x < 1e-05"},
      {"inf", "+Inf"},
      {"-inf", "-Inf"},
      {"nan", "NaN"},
      {"`a\\b\n\"c\"`", "\"a\\\\b\\n\\\"c\\\"\""},
      {"\"\\x41\\xff\\u00e4\\u0007\"", "\"A\\xff\xc3\xa4\\a\""},
      {"count_values('v',x)without(a)", "count_values without (a) (\"v\", x)"},
      {"quantile(.9,x)", "quantile(0.9, x)"},
      {"time ( )", "time()"},
      {"a # comment\n+ b", "a + b"},
  };
  for (const auto& [text, expected] : table) {
    if (!expected) {
      CHECK_THROWS_AS(parse(text), SyntaxError);
      continue;
    }
    const auto expr = parse(text);
    CHECK_MESSAGE(print(*expr) == expected, text);
    const auto again = parse(print(*expr));
    CHECK_MESSAGE(same(*expr, *again), text);
    CHECK_MESSAGE(print(*again) == expected, text);
  }
}

TEST_CASE("expressions that mean something else are not the same") {
  const auto differ = [](const char* a, const char* b) { return !same(*parse(a), *parse(b)); };
  CHECK(differ("a", "b"));
  CHECK(differ("a", "(a)"));
  CHECK(differ("a{x='1'}", "a{x='2'}"));
  CHECK(differ("a{x='1'}", "a{x=~'1'}"));
  CHECK(differ("a[5m]", "a[6m]"));
  CHECK(differ("a offset 5m", "a offset -5m"));
  CHECK(differ("a @ 1", "a @ 2"));
  CHECK(differ("a @ 0", "a @ start()"));
  CHECK(differ("a @ 0", "a"));
  CHECK(differ("sum by (x) (a)", "sum without (x) (a)"));
  CHECK(differ("sum(a)", "sum without () (a)"));
  CHECK(differ("a == b", "a == bool b"));
  CHECK(differ("a + on (x) b", "a + ignoring (x) b"));
  CHECK(differ("a + on () b", "a + b"));
  CHECK(differ("a * on (x) group_left () b", "a * on (x) group_right () b"));
  CHECK(differ("0", "-0"));
  CHECK(differ("topk(1, a)", "topk(2, a)"));
  CHECK(!differ("a{x='1',y='2'}", "a{y=\"2\", x=`1`}"));
  CHECK(!differ("NaN", "nan"));
}

TEST_CASE("numbers, strings and durations survive their own printed form") {
  for (const double value :
       {0.0, 1.0, 0.1, 1e-7, 123456.0, 1234567.0, 1e21, 5e-324, 1.7976931348623157e308}) {
    CHECK(parse_number(format_number(value)) == value);
  }
  CHECK(!parse_number("1e400"));
  CHECK(parse_number("1e-400") == 0.0);
  CHECK(parse_number("0777") == 511.0);
  CHECK(parse_number("0789") == 789.0);
  CHECK(!parse_number("0x8000000000000000"));
  std::string every;
  for (int byte = 1; byte < 256; ++byte) every += static_cast<char>(byte);
  every += "\xef\xbf\xbd\xf0\x9f\x98\x80\xc2\x85";
  const auto quoted = quote(every);
  std::size_t position = 0;
  CHECK(read_string(quoted, position) == every);
  CHECK(position == quoted.size());
  CHECK(format_span(0s) == "0s");
  CHECK(format_span(14 * 24h) == "2w");
  CHECK(format_span(366 * 24h) == "366d");
  CHECK(format_span(1h + 1s + 5ms) == "1h1s5ms");
}

}  // namespace basewatch::promql
