#include "agent/plugin/page.h"

#include <doctest/doctest.h>

#include <limits>
#include <tuple>

namespace basewatch {
namespace {

namespace m {
using namespace metrics;  // as the generated headers have it
constexpr auto cpu = metric(counter, "cpu_total", "CPU time.", labels("mode", "cpu"));
constexpr auto load = metric(gauge, "load", "Load.");
constexpr auto odd = metric(gauge, "odd", "A \\ and a\nnewline \"as it is\".", labels("text"));
constexpr auto wait = metric(histogram, "wait_seconds", "Waits.", labels("zone", "app"));
constexpr auto pause = metric(summary, "pause_seconds", "Pauses.", labels("app"));
constexpr auto vmstat =
    family(untyped, "vm_{field}", "Field {field}, yes {field}.", labels("numa"));
constexpr auto bytes = family(gauge, "mem_{field}_bytes", "Memory {field}.");
}  // namespace m

std::string lines(Page& page) {
  page.seal();
  std::string out;
  for (const auto& family : page.families()) {
    for (const auto& sample : family.samples) {
      out.append(page.name(family)).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
      out.append("{").append(page.labels(sample)).append("} ");
      out.append(std::to_string(static_cast<long>(sample.value))).append("\n");
    }
  }
  return out;
}

std::string only_labels(Page& page) {
  page.seal();
  REQUIRE(page.families().size() == 1);
  REQUIRE(page.families()[0].samples.size() == 1);
  return std::string(page.labels(page.families()[0].samples[0]));
}

using Labels = std::vector<Page::Label>;

void foreign(Page& page, std::string_view name, const Labels& labels, double value = 1,
             MetricType type = MetricType::gauge, SampleKind kind = SampleKind::value) {
  page.add_foreign(type, name, "", kind, labels, value);
}

}  // namespace

TEST_CASE("a catalog metric stands on the page with its labels in order of name") {
  Page page;
  page.add(m::cpu, 5, "idle", std::string("0"));
  page.add(m::load, 1);
  page.add(m::cpu, 7, "user", "0");
  CHECK(lines(page) ==
        "cpu_total{cpu=\"0\",mode=\"idle\"} 5\n"
        "cpu_total{cpu=\"0\",mode=\"user\"} 7\n"
        "load{} 1\n");
  REQUIRE(page.families().size() == 2);
  CHECK(page.help(page.families()[0]) == "CPU time.");
  CHECK(page.families()[0].type == MetricType::counter);
  CHECK(page.samples() == 3);
  REQUIRE(page.find("load"));
  CHECK(page.find("load")->samples.size() == 1);
  CHECK(!page.find("loa"));
  CHECK(!Page().find("load"));
}

TEST_CASE("text is escaped as the format wants it") {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"", ""},
      {"a\"b", "a\\\"b"},
      {"a\\b", "a\\\\b"},
      {"a\nb", "a\\nb"},
      {"\\n", "\\\\n"},
      {"tab\there", "tab\there"},
      {"\xc3\xbc", "\xc3\xbc"},
      {"\xff", "\xEF\xBF\xBD"},
      {"a\xc3", "a\xEF\xBF\xBD"},
      {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xfe\"\n", "\xEF\xBF\xBD\\\"\\n"},
      {std::string("a\0b", 3), std::string("a\0b", 3)},
  };
  for (const auto& [raw, written] : cases) {
    Page page;
    page.add(m::odd, 1, raw);
    CHECK(only_labels(page) == "text=\"" + written + "\"");
    CHECK(page.help(page.families()[0]) == "A \\\\ and a\\nnewline \"as it is\".");
  }
}

TEST_CASE("histograms and summaries become their lines") {
  Page page;
  const double bounds[] = {0.5, 1e6};
  const double cumulative[] = {1, 2, 4};
  page.add(m::wait, HistogramValue{bounds, cumulative, 9}, "z", "a");
  const std::pair<double, double> quantiles[] = {{0.5, 3}, {0.99, 8}};
  page.add(m::pause, SummaryValue{quantiles, 11, 5}, "a");
  page.add(m::pause, SummaryValue{{}, 0, 0}, "b");
  page.seal();
  CHECK(lines(page) ==
        "wait_seconds_bucket{app=\"a\",zone=\"z\",le=\"0.5\"} 1\n"
        "wait_seconds_bucket{app=\"a\",zone=\"z\",le=\"1e+06\"} 2\n"
        "wait_seconds_bucket{app=\"a\",zone=\"z\",le=\"+Inf\"} 4\n"
        "wait_seconds_sum{app=\"a\",zone=\"z\"} 9\n"
        "wait_seconds_count{app=\"a\",zone=\"z\"} 4\n"
        "pause_seconds{app=\"a\",quantile=\"0.5\"} 3\n"
        "pause_seconds{app=\"a\",quantile=\"0.99\"} 8\n"
        "pause_seconds_sum{app=\"a\"} 11\n"
        "pause_seconds_count{app=\"a\"} 5\n"
        "pause_seconds_sum{app=\"b\"} 0\n"
        "pause_seconds_count{app=\"b\"} 0\n");
  CHECK(page.duplicates() == 0);
  CHECK_THROWS_AS(page.add(m::wait, HistogramValue{bounds, bounds, 9}, "z", "a"),
                  std::invalid_argument);
}

TEST_CASE("a histogram without labels has le alone") {
  Page page;
  const MetricSpec spec{MetricType::histogram, "h", "H.", {}, {}};
  const double cumulative[] = {4};
  page.add_histogram(spec, {{}, cumulative, 9});
  page.add(MetricSpec{MetricType::gauge, "g", "", {}, {}}, 1);
  CHECK_THROWS_WITH_AS(
      page.add_histogram({MetricType::gauge, "g", "", {}, {}}, {{}, cumulative, 9}),
      "g has the type gauge on this page, and was given the value of a histogram",
      std::invalid_argument);
  CHECK(lines(page) == "h_bucket{le=\"+Inf\"} 4\nh_sum{} 9\nh_count{} 4\ng{} 1\n");
}

TEST_CASE("members of a dynamic family get their own name and help") {
  Page page;
  page.add(m::vmstat, "pgfault", 1, "0");
  page.add(m::vmstat, "pgfault", 2, "1");
  page.add(m::vmstat, "a b(c)-\xc3\xbc", 3, "0");
  page.add(m::bytes, "Active(anon)", 4);
  page.add(m::vmstat, "{field}", 5, "0");
  CHECK(lines(page) ==
        "vm_pgfault{numa=\"0\"} 1\n"
        "vm_pgfault{numa=\"1\"} 2\n"
        "vm_a_b_c___{numa=\"0\"} 3\n"
        "mem_Active_anon__bytes{} 4\n"
        "vm__field_{numa=\"0\"} 5\n");
  CHECK(page.help(*page.find("vm_pgfault")) == "Field pgfault, yes pgfault.");
  CHECK(page.help(*page.find("vm__field_")) == "Field {field}, yes {field}.");
}

TEST_CASE("run-time metrics are sorted, renamed and checked") {
  const std::string_view names[] = {"z", "job", "a"};
  const MetricSpec spec{MetricType::gauge, "own", "Own.", {}, names};
  const std::string_view values[] = {"1", "2", "3"};
  Page page;
  page.add(spec, 1, values);
  CHECK(only_labels(page) == "a=\"3\",exported_job=\"2\",z=\"1\"");
  CHECK_THROWS_WITH_AS(page.add(spec, 1, std::span(values).first(2)),
                       "own has 3 labels, but 2 values were given", std::invalid_argument);

  const std::string_view with_le[] = {"le"};
  const double cumulative[] = {4};
  CHECK_THROWS_WITH_AS(page.add_histogram({MetricType::histogram, "h", "", {}, with_le},
                                          {{}, cumulative, 9}, std::span(values).first(1)),
                       "h is a histogram: the label le belongs to its buckets",
                       std::invalid_argument);
  const std::string_view with_quantile[] = {"quantile"};
  CHECK_THROWS_AS(page.add_summary({MetricType::summary, "s", "", {}, with_quantile}, {{}, 9, 1},
                                   std::span(values).first(1)),
                  std::invalid_argument);
}

TEST_CASE("foreign labels that belong to the target are exported, again while taken") {
  const std::pair<Labels, std::string> cases[] = {
      {{{"job", "x"}}, "exported_job=\"x\""},
      {{{"node", "n"}, {"instance", "i"}}, "exported_instance=\"i\",exported_node=\"n\""},
      {{{"job", "x"}, {"exported_job", "y"}}, "exported_exported_job=\"x\",exported_job=\"y\""},
      {{{"job", "x"}, {"exported_job", "y"}, {"exported_exported_job", "z"}},
       "exported_exported_exported_job=\"x\",exported_exported_job=\"z\",exported_job=\"y\""},
      {{{"empty", ""}}, "empty=\"\""},
      {{{"le", "1"}, {"z", "2"}, {"a", "3"}}, "a=\"3\",le=\"1\",z=\"2\""},
  };
  for (const auto& [labels, written] : cases) {
    Page page;
    foreign(page, "x", labels);
    CHECK(only_labels(page) == written);
  }
}

TEST_CASE("foreign lines take the kind that their family's type has") {
  SUBCASE("bucket bounds and quantiles come last") {
    Page page;
    foreign(page, "h", {{"le", "1"}, {"z", "2"}}, 1, MetricType::histogram, SampleKind::bucket);
    foreign(page, "s", {{"quantile", "1"}, {"z", "2"}}, 1, MetricType::summary, SampleKind::value);
    CHECK(lines(page) == "h_bucket{z=\"2\",le=\"1\"} 1\ns{z=\"2\",quantile=\"1\"} 1\n");
  }
  SUBCASE("the first type wins, and lines that it does not have stand for themselves") {
    Page page;
    foreign(page, "h", {});
    foreign(page, "h", {{"le", "1"}}, 2, MetricType::histogram, SampleKind::bucket);
    foreign(page, "h", {}, 3, MetricType::summary, SampleKind::count);
    foreign(page, "h", {{"quantile", "1"}}, 4, MetricType::summary, SampleKind::quantile);
    CHECK(lines(page) == "h{} 1\nh{quantile=\"1\"} 4\nh_bucket{le=\"1\"} 2\nh_count{} 3\n");
    CHECK(page.find("h")->type == MetricType::gauge);
    CHECK(page.find("h_bucket")->type == MetricType::untyped);
  }
}

TEST_CASE("what is no series is refused in a sentence") {
  const std::tuple<std::string, Labels, std::string> cases[] = {
      {"x", {{"a", "1"}, {"a", "2"}}, "x has the label a twice in one series"},
      {"x", {{"b", "1"}, {"a", "1"}, {"b", "1"}}, "x has the label b twice in one series"},
      {"x", {{"__name__", "y"}}, "x: the label name __name__ is reserved"},
      {"x", {{"a-b", "1"}}, "x: \"a-b\" is no label name"},
      {"x", {{"", "1"}}, "x: \"\" is no label name"},
      {"x", {{"1a", "1"}}, "x: \"1a\" is no label name"},
      {"x y", {}, "\"x y\" is no metric name"},
      {"", {}, "\"\" is no metric name"},
      {"1x", {}, "\"1x\" is no metric name"},
      {"x\ny 1", {}, "\"x\\x0ay 1\" is no metric name"},
  };
  for (const auto& [name, labels, message] : cases) {
    Page page;
    std::string said;
    try {
      foreign(page, name, labels);
    } catch (const std::invalid_argument& error) {
      said = error.what();
    }
    CHECK(said.substr(0, message.size()) == message);
    CHECK(page.samples() == 0);
  }
}

TEST_CASE("seal keeps the first of equal series, in small and large families") {
  for (const int series : {1, 3, 8, 9, 5000}) {
    Page page;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < series; ++i) page.add(m::cpu, round * 10 + 1, "idle", std::to_string(i));
    }
    page.seal();
    CHECK(page.samples() == static_cast<std::size_t>(series));
    CHECK(page.duplicates() == static_cast<std::size_t>(series) * 2);
    CHECK(page.first_duplicate() == "cpu_total{cpu=\"0\",mode=\"idle\"}");
    for (const auto& sample : page.find("cpu_total")->samples) CHECK(sample.value == 1);
  }
}

TEST_CASE("series of families that come in turns stand together, in the order in which they came") {
  Page page;
  for (const int value : {1, 2, 3}) {
    const auto app = std::to_string(value);
    page.add(m::load, value);
    foreign(page, "x", {{"app", app}}, value);
    page.add(m::cpu, value, "idle", app);
    page.add(m::load, value);
  }
  CHECK(lines(page) ==
        "load{} 1\n"
        "x{app=\"1\"} 1\nx{app=\"2\"} 2\nx{app=\"3\"} 3\n"
        "cpu_total{cpu=\"1\",mode=\"idle\"} 1\ncpu_total{cpu=\"2\",mode=\"idle\"} 2\n"
        "cpu_total{cpu=\"3\",mode=\"idle\"} 3\n");
  CHECK(page.samples() == 7);
  CHECK(page.duplicates() == 5);
  const Page moved = std::move(page);
  REQUIRE(moved.find("x"));
  CHECK(moved.find("x")->samples[2].value == 3);
}

TEST_CASE("a page with room for what another had is as any") {
  for (const int before_families : {0, 1, 100}) {
    Page before;
    for (int i = 0; i < before_families; ++i) before.add(m::vmstat, std::to_string(i), 1, "0");
    before.seal();
    Page page;
    page.reserve_like(before);
    CHECK(!page.find("vm_0"));
    for (int i = 0; i < 40; ++i) page.add(m::vmstat, std::to_string(i), i, "0");
    page.seal();
    CHECK(page.families().size() == 40);
    for (int i = 0; i < 40; ++i) {
      const auto* family = page.find("vm_" + std::to_string(i));
      REQUIRE(family);
      CHECK(family->samples.front().value == i);
    }
  }
}

TEST_CASE("nothing is added to a page that is sealed") {
  Page page;
  page.add(m::load, 1);
  page.seal();
  CHECK_THROWS_AS(page.add(m::load, 2), std::logic_error);
  page.seal();
  CHECK(page.samples() == 1);
  CHECK(page.find("load")->samples.size() == 1);
}

TEST_CASE("a value and a quantile with the same labels are one series, sum and count are not") {
  Page page;
  foreign(page, "s", {{"quantile", "1"}}, 1, MetricType::summary, SampleKind::value);
  foreign(page, "s", {{"quantile", "1"}}, 2, MetricType::summary, SampleKind::quantile);
  foreign(page, "s", {}, 3, MetricType::summary, SampleKind::sum);
  foreign(page, "s", {}, 4, MetricType::summary, SampleKind::count);
  foreign(page, "s", {}, 5, MetricType::summary, SampleKind::value);
  page.seal();
  CHECK(page.duplicates() == 1);
  CHECK(page.samples() == 4);
}

TEST_CASE("a family named like another's lines loses the series that both have") {
  for (const bool histogram_first : {true, false}) {
    Page page;
    const auto add_histogram = [&] {
      foreign(page, "h", {{"a", "1"}}, 1, MetricType::histogram, SampleKind::count);
      foreign(page, "h", {{"a", "2"}}, 2, MetricType::histogram, SampleKind::count);
      foreign(page, "h", {{"a", "1"}}, 3, MetricType::histogram, SampleKind::sum);
    };
    if (histogram_first) add_histogram();
    foreign(page, "h_count", {{"a", "2"}}, 4);
    foreign(page, "h_count", {{"a", "3"}}, 5);
    if (!histogram_first) add_histogram();
    page.seal();
    CHECK(page.duplicates() == 1);
    CHECK(page.samples() == 4);
    CHECK(page.first_duplicate() == "h_count{a=\"2\"}");
    CHECK(page.find("h_count")->samples.size() == (histogram_first ? 1 : 2));
  }
}

TEST_CASE("a page has its limits") {
  SUBCASE("samples") {
    Page page({.samples = 3, .bytes = 1000});
    for (int i = 0; i < 3; ++i) page.add(m::load, i);
    CHECK_THROWS_WITH_AS(page.add(m::load, 3), "the page would have more than 3 samples",
                         PageTooLarge);
  }
  SUBCASE("bytes, before a large value is copied") {
    Page page({.samples = 100, .bytes = 1000});
    CHECK_THROWS_WITH_AS(page.add(m::odd, 1, std::string(1 << 20, 'x')),
                         "the page would be larger than 1000 bytes of text", PageTooLarge);
    CHECK(page.bytes() < 1000);
  }
  SUBCASE("bytes, when escaping makes the value larger") {
    Page page({.samples = 100, .bytes = 1000});
    CHECK_THROWS_AS(page.add(m::odd, 1, std::string(900, '\xff')), PageTooLarge);
  }
  SUBCASE("names and help count") {
    Page page({.samples = 100, .bytes = 20});
    CHECK_THROWS_AS(page.add(m::cpu, 1, "", ""), PageTooLarge);
  }
  SUBCASE("many small ones") {
    Page page({.samples = 1000, .bytes = 1000});
    int added = 0;
    CHECK_THROWS_AS(for (;; ++added) page.add(m::odd, 1, std::to_string(added)), PageTooLarge);
    CHECK(added > 50);
    CHECK(added < 150);
  }
}

TEST_CASE("thousands of families are found again") {
  Page page;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5000; ++i) page.add(m::vmstat, std::to_string(i), i, std::to_string(round));
  }
  page.seal();
  CHECK(page.families().size() == 5000);
  for (int i = 0; i < 5000; i += 7) {
    const auto* family = page.find("vm_" + std::to_string(i));
    REQUIRE(family);
    CHECK(family->samples.size() == 2);
    CHECK(family->samples[1].value == i);
  }
}

TEST_CASE("a page that is moved keeps its text") {
  Page page;
  page.add(m::cpu, 5, "idle", "0");
  Page moved = std::move(page);
  CHECK(lines(moved) == "cpu_total{cpu=\"0\",mode=\"idle\"} 5\n");
}

}  // namespace basewatch
