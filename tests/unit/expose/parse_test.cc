#include "agent/expose/parse.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

// One line a sample: type kind family{labels} value @timestamp, and the help when there is one.
std::string read(std::string_view text, const ParseLimits& limits = {}) {
  std::string out;
  const auto sink = [&](const ForeignSample& sample) {
    constexpr std::string_view kKinds[] = {"value", "bucket", "sum", "count", "quantile"};
    out.append(type_name(sample.type)).append(" ");
    out.append(kKinds[static_cast<std::size_t>(sample.kind)]).append(" ").append(sample.family);
    for (const auto& [name, value] : sample.labels) {
      out.append(" ").append(name).append("=<").append(value).append(">");
    }
    out.append(" ").append(format_double(sample.value));
    if (sample.timestamp_ms) out.append(" @").append(std::to_string(*sample.timestamp_ms));
    if (!sample.help.empty()) out.append(" ?").append(sample.help);
    out.append("\n");
  };
  parse_text(text, sink, limits);
  return out;
}

struct Good {
  std::string text, samples;
};
struct Bad {
  std::string text;
  int line;
  std::string message;  // its beginning
};

}  // namespace

TEST_CASE("what the format allows is read") {
  const Good cases[] = {
      {"", ""},
      {"\n\n \t\n", ""},
      {"a 1\n", "untyped value a 1\n"},
      {"  \ta 1\n", "untyped value a 1\n"},
      {"a\t1\n", "untyped value a 1\n"},
      {"a 1 \n", "untyped value a 1\n"},
      {"a 1\r\nb 2\r\n", "untyped value a 1\nuntyped value b 2\n"},
      {"a{} 3\n", "untyped value a 3\n"},
      {"a {} 3\n", "untyped value a 3\n"},
      {"a{x=\"1\"}-Inf\n", "untyped value a x=<1> -Inf\n"},
      {"a{ x = \"1\" , }  +Inf\n", "untyped value a x=<1> +Inf\n"},
      {"a{x=\"1\"\t,y   =   \"2\"\t\t} 0\n", "untyped value a x=<1> y=<2> 0\n"},
      {"a{x=\"\"} 0\n", "untyped value a x=<> 0\n"},
      {"a{x=\"},{#\"} 0\n", "untyped value a x=<},{#> 0\n"},
      {"a{x=\"q\\\"b\\\\n\\n.\"} 0\n", "untyped value a x=<q\"b\\n\n.> 0\n"},
      {"a{x=\"\\\\\",y=\"\\n\"} 0\n", "untyped value a x=<\\> y=<\n> 0\n"},
      {"a{x=\"gr\xc3\xbc\xc3\x9f\"} 0\n", "untyped value a x=<gr\xc3\xbc\xc3\x9f> 0\n"},
      {"a NaN\na nan\na inf\na -Infinity\n",
       "untyped value a NaN\nuntyped value a NaN\nuntyped value a +Inf\nuntyped value a -Inf\n"},
      {"a .5\na 5.\na +1e3\na 08\na 1e-400\n",
       "untyped value a 0.5\nuntyped value a 5\nuntyped value a 1000\nuntyped value a 8\n"
       "untyped value a 0\n"},
      {"a 1 1234567890\na 1 -2\na 1 +3 \n",
       "untyped value a 1 @1234567890\nuntyped value a 1 @-2\nuntyped value a 1 @3\n"},
      {"_:x:9 1\n", "untyped value _:x:9 1\n"},
      {"# HELP a two\\nlines \\\\ and \"more\" \n# TYPE a counter\na 1\n",
       "counter value a 1 ?two\nlines \\ and \"more\" \n"},
      {"# TYPE a gauge\n# HELP a  text\na 1\n", "gauge value a 1 ?text\n"},
      {"a 1\n# HELP a late\na 2\n", "untyped value a 1\nuntyped value a 2 ?late\n"},
      {"#TYPE a gauge\na 1\n", "gauge value a 1\n"},
      {" #  TYPE \t a \t GauGe \na 1\n", "gauge value a 1\n"},
      {"#\n# \n# any comment\n# HELP\n# TYPE\n# HELP a\n# TYPE a\na 1\n", "untyped value a 1\n"},
      {"# HELP a first\n# HELP a second\na 1\n", "untyped value a 1 ?first\n"},
      {"# HELP a C:\\dir\\\n", ""},
      {"# HELP a C:\\dir\\\na 1\n", "untyped value a 1 ?C:\\dir\\\n"},
      {"# TYPE a gauge\na 1\n# EOF\n# TYPE a gauge\na 2\n# EOF",
       "gauge value a 1\ngauge value a 2\n"},
      {"# TYPE a unknown\na 1\n# TYPE b info\nb 1\n", "untyped value a 1\ngauge value b 1\n"},
      {"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
       "histogram bucket h le=<1> 1\nhistogram bucket h le=<+Inf> 2\nhistogram sum h 3\n"
       "histogram count h 2\n"},
      {"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 3\ns_count 2\ns_bucket 4\n",
       "summary quantile s quantile=<0.5> 1\nsummary sum s 3\nsummary count s 2\n"
       "untyped value s_bucket 4\n"},
      {"# TYPE s summary\ns{quantile=\"1\"} 1\ndecoy 2\ns{a=\"x\",quantile=\"1\"} 3\ns 4\n",
       "summary quantile s quantile=<1> 1\nuntyped value decoy 2\n"
       "summary quantile s a=<x> quantile=<1> 3\nsummary value s 4\n"},
      {"h_count 1\n# TYPE h histogram\nh_count 2\nh_sum 3\n",
       "untyped value h_count 1\nuntyped value h_count 2\nhistogram sum h 3\n"},
      {"# TYPE h histogram\nh_count 1\n# TYPE h_count counter\nh_count 2\n",
       "histogram count h 1\ncounter value h_count 2\n"},
      {"# TYPE g gauge\ng_count 1\n_sum 2\n", "untyped value g_count 1\nuntyped value _sum 2\n"},
      {"# TYPE h gaugehistogram\nh_bucket{le=\"1\"} 1\n", "untyped value h_bucket le=<1> 1\n"},
      {"{\"my.name\"} 1\n{\"my.name\",\"a.b\"=\"x\"} 2\n{c=\"y\", \"my.name\"} 3\n",
       "untyped value my_name 1\nuntyped value my_name a_b=<x> 2\nuntyped value my_name c=<y> 3\n"},
      {"# TYPE \"my.name\" counter\n# HELP \"my.name\" Dots.\n{\"my.name\"} 1\n",
       "counter value my_name 1 ?Dots.\n"},
      {"a{\"\"=\"x\",\"1\"=\"y\",\"\xc3\xbc\\\"\"=\"z\\n\"} 1\n",
       "untyped value a _=<x> _1=<y> __=<z\n> 1\n"},
  };
  for (const auto& [text, samples] : cases) {
    std::string got;
    try {
      got = read(text);
    } catch (const ParseError& error) {
      got = "line " + std::to_string(error.line()) + ": " + error.what();
    }
    CHECK_MESSAGE(got == samples, text);
  }
}

TEST_CASE("what breaks the format is refused with its line and a sentence") {
  const Bad cases[] = {
      {"\na 3.14\nb 42", 3, "the text ends within this line, so it may be cut off"},
      {"a{x=\"1", 1, "the text ends within this line"},
      {"a\n", 1, "a has no value"},
      {"a{x=\"1\"}\n", 1, "a has no value"},
      {"a{x=\"\\t\"} 1\n", 1, "\\t is no escape: write \\\\ for a backslash"},
      {"a{x=\"new\nline\"} 1\n", 1, "the label value has no closing quote in its line"},
      {"a{x=\"1\\\"} 1\n", 1, "the label value has no closing quote in its line"},
      {"a{x=\"\\\n", 1, "the label value has no closing quote in its line"},
      {"a{@=\"1\"} 1\n", 1, "a: a label name is missing"},
      {"a{,} 1\n", 1, "a: a label name is missing"},
      {"a{x=\"1\",,} 1\n", 1, "a: a label name is missing"},
      {"a{1x=\"1\"} 1\n", 1, "a: a label name is missing"},
      {"a{\n", 1, "a: a label name is missing"},
      {"a{__name__=\"b\"} 1\n", 1, "the label name __name__ is reserved"},
      {"a{x+=\"1\"} 1\n", 1, "a: after the label name x a '=' has to follow"},
      {"a{x\n", 1, "a: after the label name x a '=' has to follow"},
      {"a{x:y=\"1\"} 1\n", 1, "a: after the label name x a '=' has to follow"},
      {"a{x=1} 1\n", 1, "a: the value of the label x has to stand in quotes"},
      {"a{x=\n", 1, "a: the value of the label x has to stand in quotes"},
      {"a{x=\"1\"+} 1\n", 1, "a: after a label a ',' or '}' has to follow"},
      {"a{x=\"1\" y=\"2\"} 1\n", 1, "a: after a label a ',' or '}' has to follow"},
      {"a{x=\"1\",x=\"1\"} 1\n", 1, "a has the label x twice"},
      {"a{x=\"1\",\"x\"=\"1\"} 1\n", 1, "a has the label x twice"},
      {"a{x=\"\xbd\"} 1\n", 1, "the label value \"\xEF\xBF\xBD\" is not UTF-8"},
      {"a 3.14 2.72\n", 1, "the timestamp \"2.72\" of a is no whole number of milliseconds"},
      {"a 3.14 +-2\n", 1, "the timestamp \"+-2\" of a is no whole number"},
      {"a 3.14 99999999999999999999\n", 1, "the timestamp"},
      {"a 3.14 2 3\n", 1, "after the timestamp of a nothing may follow"},
      {"a blubb\n", 1, "the value \"blubb\" of a is no number"},
      {"a 1_2\n", 1, "the value"},
      {"a 0x1p-3\n", 1, "the value"},
      {"a 0x1\n", 1, "the value"},
      {"a 0b1\n", 1, "the value"},
      {"a 1e400\n", 1, "the value"},
      {"a 1e\n", 1, "the value"},
      {"a nan(1)\n", 1, "the value"},
      {"a +nan\n", 1, "the value"},
      {"a --1\n", 1, "the value"},
      {"a +\n", 1, "the value"},
      {"a 1,5\n", 1, "the value"},
      {"a \x01\n", 1, "the value \"\\x01\" of a is no number"},
      {"a-b 1\n", 1, "after the metric name a a blank or '{' has to follow"},
      {"a1.5\n", 1, "after the metric name a1 a blank or '{' has to follow"},
      {"@a 1\n", 1, "the line begins with no metric name"},
      {"9a 1\n", 1, "the line begins with no metric name"},
      {"\"a\" 1\n", 1, "the line begins with no metric name"},
      {"<html>\n", 1, "the line begins with no metric name"},
      {"{x=\"1\"} 1\n", 1, "the sample has no metric name"},
      {"{} 1\n", 1, "the sample has no metric name"},
      {"{\"a\",\"b\"} 1\n", 1, "the sample of a has a second name \"b\""},
      {"a{\"b\"} 1\n", 1, "the sample of a has a second name \"b\""},
      {"{\"a\".x=\"1\"} 1\n", 1, "a: after a label a ',' or '}' has to follow"},
      {"{\"a\xc5\"} 1\n", 1, "the name \"a\xEF\xBF\xBD\" is not UTF-8"},
      {"{\"a} 1\n", 1, "the name has no closing quote"},
      {"# TYPE a counter\n# TYPE a untyped\n", 2, "a has the type counter already"},
      {"a 4\n# TYPE a counter\n", 2, "a has the type untyped already"},
      {"\n# TYPE a bla\n", 2, "\"bla\" is no metric type: write counter"},
      {"# TYPE a gauge too\n", 1, "\"gauge too\" is no metric type"},
      {"\n# TYPE met-ric\n", 2, "TYPE is not followed by a metric name"},
      {"# HELP 1a text\n", 1, "HELP is not followed by a metric name"},
      {"# TYPE \"a\n", 1, "the metric name has no closing quote"},
      {"# TYPE a histogram\na_bucket{le=\"bla\"} 1\n", 2, "the label le of a_bucket is \"bla\""},
      {"# TYPE a histogram\na_bucket{le=\"0x1p-3\"} 1\n", 2, "the label le of a_bucket is"},
      {"# TYPE a histogram\na_bucket{le=\"\"} 1\n", 2, "the label le of a_bucket is \"\""},
      {"# TYPE a summary\na{quantile=\"bla\"} 1\n", 2, "the label quantile of a is \"bla\""},
  };
  for (const auto& [text, line, message] : cases) {
    std::string said;
    int at = 0;
    try {
      read(text);
    } catch (const ParseError& error) {
      said = error.what();
      at = error.line();
    }
    CHECK_MESSAGE(said.substr(0, message.size()) == message, text);
    CHECK_MESSAGE(at == line, text);
  }
}

TEST_CASE("samples before the error have been given to the sink") {
  std::vector<double> values;
  CHECK_THROWS_AS(
      parse_text("a 1\na 2\na x\na 3\n", [&](const auto& s) { values.push_back(s.value); }),
      ParseError);
  CHECK(values == std::vector<double>{1, 2});
}

TEST_CASE("the parser keeps its limits") {
  CHECK_NOTHROW(read("a 1\na 2\n", {.samples = 2, .labels = 1}));
  CHECK_THROWS_WITH_AS(read("a 1\na 2\na 3\n", {.samples = 2, .labels = 1}),
                       "there are more than 2 samples", ParseError);
  CHECK_NOTHROW(read("a{x=\"1\"} 1\n", {.samples = 2, .labels = 1}));
  CHECK_THROWS_WITH_AS(read("a{x=\"1\",y=\"1\"} 1\n", {.samples = 2, .labels = 1}),
                       "a has more than 1 labels", ParseError);
}

TEST_CASE("large and repetitive text is read in one pass") {
  std::string text = "# TYPE h histogram\n";
  for (int i = 0; i < 20'000; ++i) {
    text +=
        "h_bucket{le=\"" + std::to_string(i) + "\",p=\"a\\\\b\"} 1\nx" + std::to_string(i) + " 2\n";
  }
  text +=
      "long{x=\"" + std::string(1 << 20, 'y') + "\",z=\"" + std::string(1 << 20, '\n') + "\"} 1\n";
  std::size_t count = 0;
  CHECK_THROWS_AS(parse_text(text, [&](const auto&) { ++count; }), ParseError);  // raw newlines
  CHECK(count == 40'000);
  const std::string escaped = "long{x=\"" + std::string(2 << 20, '\\') + "\",y=\"\\n\"} 1\n";
  std::size_t size = 0;
  parse_text(escaped, [&](const auto& sample) { size = sample.labels[0].second.size(); });
  CHECK(size == 1 << 20);
}

}  // namespace basewatch::expose
