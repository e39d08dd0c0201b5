#include "catalog/compiler/promql/parser.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace basewatch::promql {

namespace {

std::string error_of(std::string_view text) {
  try {
    const auto expr = parse(text);
    return "ok: " + print(*expr);
  } catch (const SyntaxError& error) {
    return std::to_string(error.offset()) + " " + error.what();
  }
}

std::string repeat(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

// The tree with a pair of brackets around every operation.
std::string shape(const Expr& expr) {
  if (expr.kind == Kind::binary) {
    return "[" + shape(*expr.args[0]) + " " + expr.text + " " + shape(*expr.args[1]) + "]";
  }
  if (expr.kind == Kind::unary) return "[" + expr.text + shape(*expr.args[0]) + "]";
  return print(expr);
}

}  // namespace

TEST_CASE("operators bind as in Prometheus") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"a + b * c", "[a + [b * c]]"},
      {"a * b + c", "[[a * b] + c]"},
      {"a - b - c", "[[a - b] - c]"},
      {"a ^ b ^ c", "[a ^ [b ^ c]]"},
      {"-a ^ b", "[-[a ^ b]]"},
      {"-a * b", "[[-a] * b]"},
      {"a ^ -b * c", "[[a ^ [-b]] * c]"},
      {"-1 ^ 2", "[-[1 ^ 2]]"},
      {"1 - -1", "[1 - -1]"},
      {"a atan2 b + c", "[[a atan2 b] + c]"},
      {"a == 0 and b", "[[a == 0] and b]"},
      {"a or b and c unless d", "[a or [[b and c] unless d]]"},
      {"a > b + c or d", "[[a > [b + c]] or d]"},
      {"a < b < c", "[[a < b] < c]"},
      {"a AND b", "[a and b]"},
  };
  for (const auto& [text, expected] : table) CHECK_MESSAGE(shape(*parse(text)) == expected, text);
}

TEST_CASE("a selector keeps its matchers and where they stand") {
  const std::string text = R"( up{job="a", instance!="b",x=~"c.*",y!~'d'} )";
  const auto expr = parse(text);
  REQUIRE(expr->kind == Kind::selector);
  CHECK(expr->text == "up");
  CHECK(expr->begin == 1);
  CHECK(expr->end == text.size() - 1);
  REQUIRE(expr->matchers.size() == 4);
  CHECK(expr->matchers[0].label == "job");
  CHECK(expr->matchers[0].op == MatchOp::equal);
  CHECK(expr->matchers[1].op == MatchOp::not_equal);
  CHECK(expr->matchers[1].offset == 13);
  CHECK(expr->matchers[2].op == MatchOp::regex);
  CHECK(expr->matchers[3].op == MatchOp::not_regex);
  CHECK(expr->matchers[3].value == "d");
}

TEST_CASE("a name in braces is a name") {
  CHECK(parse(R"({__name__="up",a="b"})")->text == "up");
  CHECK(parse(R"({__name__="up",a="b"})")->matchers.size() == 1);
  const auto pattern = parse(R"({__name__=~"node_.+"})");
  CHECK(pattern->text.empty());
  CHECK(pattern->matchers.at(0).label == "__name__");
  // Two conditions on the name cannot both become one word.
  CHECK(parse(R"({__name__="a",__name__!~"b"})")->matchers.size() == 2);
}

TEST_CASE("ranges, subqueries, offset and @ land on the node they shift") {
  const auto range = parse("x[1h30m] @ 12.5 offset -5m");
  REQUIRE(range->kind == Kind::matrix);
  CHECK(range->range == 90min);
  CHECK(range->offset == -5min);
  CHECK(range->at_modifier);
  CHECK(range->at_milliseconds == 12500);
  CHECK(range->args[0]->kind == Kind::selector);
  CHECK(!range->args[0]->offset);

  const auto subquery = parse("sum(x offset 1h)[1d:5m] @ end()");
  REQUIRE(subquery->kind == Kind::subquery);
  CHECK(subquery->range == 24h);
  CHECK(subquery->step == 5min);
  CHECK(subquery->at_point == Expr::AtPoint::end);
  CHECK(subquery->args[0]->args[0]->offset == 1h);
  CHECK(parse("x[5m:]")->step == 0s);
}

TEST_CASE("aggregations take their labels before or behind") {
  for (const auto* text : {"sum by (a, b) (x)", "sum(x) by (a,b,)", "SUM BY(a,b)(x)"}) {
    const auto expr = parse(text);
    CHECK(expr->kind == Kind::aggregation);
    CHECK(expr->text == "sum");
    CHECK(expr->grouping == Grouping::by);
    CHECK(expr->grouping_labels == std::vector<std::string>{"a", "b"});
    CHECK(print(*expr) == "sum by (a, b) (x)");
  }
  CHECK(parse("sum by (a, b) (x)")->grouping_offsets == std::vector<std::size_t>{8, 11});
  CHECK(parse("sum by () (x)")->grouping == Grouping::none);
  CHECK(parse("sum without () (x)")->grouping == Grouping::without);
  const auto topk = parse("topk(5, x)");
  REQUIRE(topk->args.size() == 2);
  CHECK(topk->args[0]->number == 5);
}

TEST_CASE("matching is kept word by word") {
  const auto expr = parse("a / on (x, y) group_left (z) b");
  CHECK(expr->operator_offset == 2);
  CHECK(expr->matching.given);
  CHECK(expr->matching.is_on);
  CHECK(expr->matching.labels == std::vector<std::string>{"x", "y"});
  CHECK(expr->matching.label_offsets == std::vector<std::size_t>{8, 11});
  CHECK(expr->matching.card == VectorMatching::Card::group_left);
  CHECK(expr->matching.include == std::vector<std::string>{"z"});
  CHECK(expr->matching.include_offsets == std::vector<std::size_t>{26});
  CHECK(parse("a == bool b")->bool_modifier);
  CHECK(!parse("a + ignoring () b")->matching.given);  // says nothing
  CHECK(parse("a + on () b")->matching.given);
  CHECK(!parse("a + on () 1")->matching.given);  // means nothing
}

TEST_CASE("types are known") {
  CHECK(value_type(*parse("1 + time()")) == ValueType::scalar);
  CHECK(value_type(*parse("scalar(x) * 2")) == ValueType::scalar);
  CHECK(value_type(*parse("(x) > 2")) == ValueType::instant_vector);
  CHECK(value_type(*parse("-x")) == ValueType::instant_vector);
  CHECK(value_type(*parse("x[5m]")) == ValueType::range_vector);
  CHECK(value_type(*parse("'x'")) == ValueType::string);
}

TEST_CASE("an error says where, what and what instead") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "0 the expression is empty; expected a metric, a function, a number or ("},
      {"a +", "3 unexpected end of the expression; expected a metric, a function, a number or ("},
      {"sum by (a (x)", "10 unexpected (; expected a comma or )"},
      {"rates(x[5m])", "0 unknown function rates(); did you mean rate()?"},
      {"smu(x)", "0 unknown function smu(); did you mean sum()?"},
      {"completely_unknown(x)", "0 unknown function completely_unknown()"},
      {"histogram_count(x)",
       "0 histogram_count() needs native histograms, which are not supported; use the _count and "
       "_sum series"},
      {"rate(x)",
       "5 argument 1 of rate() takes a value of type range vector, not instant vector; write a "
       "range like [5m] behind the metric"},
      {"rate(sum(x))",
       "5 argument 1 of rate() takes a value of type range vector, not instant vector; write a "
       "subquery like [5m:1m]"},
      {"x[5]", "2 the duration 5 has no unit; write for example 5s"},
      {"x[5m", "4 unexpected end of the expression; expected ] or : and a step"},
      {"x offset 0s", "9 the duration has to be greater than 0"},
      {"(x)[5m]",
       "3 a range stands directly behind a metric and its braces; for the history of an expression "
       "write a subquery like [5m:1m]"},
      {"1 == 2", "2 a comparison of two scalars needs bool: write == bool"},
      {"a and 1", "2 and needs a vector on both sides; vector() makes one of a scalar"},
      {"a + bool b", "2 bool stands only behind a comparison, not behind +"},
      {"a && b", "2 && is no operator; write and"},
      {"a = b", "2 = compares labels inside braces only; between values write =="},
      {"a =~ b", "2 =~ compares labels inside braces only; between values write == or !="},
      {"a and on(x) group_left b",
       "2 and takes no group_left and no group_right: it always matches many to many"},
      {"a * on(x) group_left(y, x) b",
       "24 the label x stands in on () and must not stand in group_left or group_right, too"},
      {"a{b=~\"(\"}", "5 \"(\" is no regular expression: missing ): ("},
      {"a{b}", "3 unexpected }; expected =, !=, =~ or !~"},
      {"a{b=c}", "4 unexpected c; expected a string in quotes"},
      {"{a=~\".*\"}",
       "0 the selector takes every series; expected a metric's name or a matcher that does not "
       "match an empty label"},
      {"a{b='c}", "4 the string is not closed; expected '"},
      {"'\\q'", "1 unknown escape sequence \\q; write \\\\ for a backslash"},
      {"topk(x)", "0 topk() takes 2 arguments, not 1"},
      {"clamp(x, 1)", "0 clamp() takes 3 arguments, not 2"},
      {"round(x, 1, 2)", "0 round() takes at most 2 arguments, not 3"},
      {"label_join(x, 'a')", "0 label_join() takes at least 3 arguments, not 2"},
      {"sum(x,)",
       "6 unexpected ); expected another argument: there is no comma after the last one"},
      {"x > 5m",
       "4 unexpected 5m; expected a number of seconds: durations stand only in [] and after "
       "offset"},
      {"gr\xc3\xb6\xc3\x9f"
       "e",
       "2 unexpected character \xc3\xb6"},
      {"x @ 1e300", "4 the time behind @ is out of bounds"},
  };
  for (const auto& [text, expected] : table) CHECK_MESSAGE(error_of(text) == expected, text);
}

TEST_CASE("hostile input is refused, however it nests") {
  const auto deep = [](std::string_view open, std::string_view inside, std::string_view close,
                       int times) {
    return error_of(repeat(open, times).append(inside).append(repeat(close, times)));
  };
  CHECK(deep("(", "x", ")", 150).starts_with("ok: "));
  const auto nested = "the expression is nested deeper than 200 levels";
  CHECK(deep("(", "x", ")", 5000).find(nested) != std::string::npos);
  CHECK(deep("(", "", "", 50000).find(nested) != std::string::npos);
  CHECK(deep("-", "x", "", 50000).find(nested) != std::string::npos);
  CHECK(deep("2 ^ ", "2", "", 5000).find(nested) != std::string::npos);
  CHECK(deep("abs(", "x", ")", 5000).find(nested) != std::string::npos);
  CHECK(deep("sum by (a) (", "x", ")", 1000).find(nested) != std::string::npos);

  CHECK(deep("", "x", " + x", 900).starts_with("ok: "));
  CHECK(deep("", "x", " + x", 5000).find("more than 1000 levels") != std::string::npos);
  CHECK(deep("", "sum(x)", "[5m:]", 5000).find("more than 1000 levels") != std::string::npos);
  CHECK(error_of(std::string(70000, ' ')).find("longer than 65536 bytes") != std::string::npos);
  CHECK(error_of("a{b=~\"(((a{100}){100}){100})\"}").find("no regular expression") !=
        std::string::npos);
}

TEST_CASE("bytes that are no text are an error, never a crash") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte);
    for (const auto& whole : {text, "{" + text, "\"" + text, "a[" + text, "'\\" + text + "'"}) {
      const auto result = error_of(whole);
      CHECK_MESSAGE(!result.empty(), whole);
    }
  }
  CHECK(error_of(std::string("a\0b", 3)).starts_with("1 unexpected character"));
}

}  // namespace basewatch::promql
