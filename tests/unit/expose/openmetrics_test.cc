#include "agent/expose/openmetrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

namespace m {
using namespace metrics;
constexpr auto up = metric(gauge, "up", "Is \"up\"\\.", labels("tier"));
constexpr auto jobs = metric(counter, "jobs_total", "Jobs.");
constexpr auto odd = metric(counter, "odd", "A counter without the suffix.");
constexpr auto stem = metric(gauge, "jobs", "Takes the stem.");
constexpr auto created = metric(gauge, "jobs_created", "Takes what a counter may have.");
constexpr auto busy = metric(counter, "busy_seconds_total", "Time.");
constexpr auto some = metric(untyped, "some_bytes", "");
constexpr auto wait = metric(histogram, "wait_seconds", "Waits.", labels("zone"));
constexpr auto wait_count = metric(gauge, "wait_seconds_count", "Clashes.");
constexpr auto pause = metric(summary, "pause", "Pauses.", labels("zone"));
constexpr auto bucket_total = metric(counter, "wait_seconds_bucket_total", "Clashes, too.");
}  // namespace m

std::string openmetrics(const Page& page, const TargetLabels* target = nullptr) {
  const Part part{&page, target};
  std::string out;
  write_openmetrics({&part, 1}, out);
  return out;
}

std::string text(const Page& page) {
  const Part part{&page};
  std::string out;
  write_text({&part, 1}, out);
  return out;
}

std::multiset<std::string> series(std::string_view page) {
  std::multiset<std::string> out;
  std::string_view line;
  while (next_line(page, line)) {
    if (!line.starts_with('#')) out.emplace(line);
  }
  return out;
}

// A page of this text's histogram or summary lines, as textfiles and Kong bring them.
struct Foreign {
  SampleKind kind;
  std::string position;
  double value;
  std::string zone = "a";
};
std::string type_lines(MetricType type, const std::vector<Foreign>& lines) {
  Page page;
  for (const auto& line : lines) {
    std::vector<Page::Label> labels{{"zone", line.zone}};
    if (line.kind == SampleKind::bucket) labels.emplace_back("le", line.position);
    if (line.kind == SampleKind::quantile) labels.emplace_back("quantile", line.position);
    page.add_foreign(type, "f", "", line.kind, labels, line.value);
  }
  page.seal();
  const auto out = openmetrics(page);
  CHECK(series(out) == series(text(page)));
  std::string types, rest = out;
  std::string_view left = rest, at;
  while (next_line(left, at)) {
    if (at.starts_with("# TYPE ")) types += (types.empty() ? "" : ", ") + std::string(at.substr(7));
  }
  return types;
}

constexpr auto kBucket = SampleKind::bucket;
constexpr auto kSum = SampleKind::sum;
constexpr auto kCount = SampleKind::count;
constexpr auto kQuantile = SampleKind::quantile;

}  // namespace

TEST_CASE("every type keeps its sample names") {
  Page page;
  page.add(m::up, 1, "a\"b");
  page.add(m::jobs, 2);
  page.add(m::odd, 3);
  page.add(m::busy, 0.5);
  page.add(m::some, 4);
  const double bounds[] = {0.1};
  const double cumulative[] = {1, 2};
  page.add(m::wait, HistogramValue{bounds, cumulative, 1.5}, "z");
  page.seal();
  CHECK(openmetrics(page) ==
        "# TYPE busy_seconds counter\n# UNIT busy_seconds seconds\n# HELP busy_seconds Time.\n"
        "busy_seconds_total 0.5\n"
        "# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total 2\n"
        "# TYPE odd unknown\n# HELP odd A counter without the suffix.\nodd 3\n"
        "# TYPE some_bytes unknown\n# UNIT some_bytes bytes\nsome_bytes 4\n"
        "# TYPE up gauge\n# HELP up Is \\\"up\\\"\\\\.\nup{tier=\"a\\\"b\"} 1\n"
        "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n# HELP wait_seconds Waits.\n"
        "wait_seconds_bucket{zone=\"z\",le=\"0.1\"} 1\nwait_seconds_bucket{zone=\"z\",le=\"+Inf\"} "
        "2\nwait_seconds_sum{zone=\"z\"} 1.5\nwait_seconds_count{zone=\"z\"} 2\n"
        "# EOF\n");
  CHECK(series(openmetrics(page)) == series(text(page)));
}

TEST_CASE("an empty page is only its end") {
  Page page;
  page.seal();
  CHECK(openmetrics(page) == "# EOF\n");
}

TEST_CASE("a counter whose stem is taken stays as it is") {
  for (const auto* taken : {&m::stem, &m::created}) {
    Page page;
    page.add(m::jobs, 2);
    page.add(*taken, 1);
    page.seal();
    const auto out = openmetrics(page);
    CHECK(out.find("# TYPE jobs_total unknown\n") != std::string::npos);
    CHECK(series(out) == series(text(page)));
  }
  Page page;
  page.add(m::bucket_total, 2);
  const double cumulative[] = {2};
  page.add(m::wait, HistogramValue{{}, cumulative, 1.5}, "z");
  page.seal();
  const auto out = openmetrics(page);
  CHECK(out.find("# TYPE wait_seconds_bucket_total unknown\n") != std::string::npos);
  CHECK(out.find("# TYPE wait_seconds histogram\n") != std::string::npos);
}

TEST_CASE("a counter that is no counter is unknown") {
  for (const double value : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    Page page;
    page.add(m::jobs, value);
    page.seal();
    CHECK(openmetrics(page).starts_with("# TYPE jobs_total unknown\n"));
  }
}

TEST_CASE("a name that a part of a histogram has, too, is one family") {
  Page own, other;
  const double cumulative[] = {2};
  own.add(m::wait, HistogramValue{{}, cumulative, 1.5}, "z");
  own.seal();
  other.add(m::wait_count, 7);
  other.seal();
  const Part parts[] = {{&own}, {&other}};
  std::string out, plain;
  write_openmetrics(parts, out);
  write_text(parts, plain);
  CHECK(out ==
        "# TYPE wait_seconds_bucket unknown\n# HELP wait_seconds_bucket Waits.\n"
        "wait_seconds_bucket{zone=\"z\",le=\"+Inf\"} 2\n"
        "# TYPE wait_seconds_count unknown\n# HELP wait_seconds_count Waits.\n"
        "wait_seconds_count{zone=\"z\"} 2\nwait_seconds_count 7\n"
        "# TYPE wait_seconds_sum unknown\n# HELP wait_seconds_sum Waits.\n"
        "wait_seconds_sum{zone=\"z\"} 1.5\n# EOF\n");
  CHECK(series(out) == series(plain));
}

TEST_CASE("histograms that OpenMetrics does not allow are taken apart") {
  const Foreign inf{kBucket, "+Inf", 3};
  const auto histogram = [](const std::vector<Foreign>& lines) {
    return type_lines(MetricType::histogram, lines);
  };
  CHECK(histogram({{kBucket, "1", 1}, inf, {kSum, "", 2}, {kCount, "", 3}}) == "f histogram");
  CHECK(histogram({{kBucket, "-1", 1}, inf}) == "f histogram");  // without a sum it may be negative
  CHECK(histogram({inf, {kBucket, "+Inf", 4, "b"}}) == "f histogram");

  CHECK(histogram({{kBucket, "-1", 1}, inf, {kSum, "", 2}, {kCount, "", 3}}) ==
        "f_bucket unknown, f_count unknown, f_sum unknown");
  CHECK(histogram({{kBucket, "1", 1}}) == "f_bucket unknown");
  CHECK(histogram({{kBucket, "2", 1}, {kBucket, "1", 1}, inf}) == "f_bucket unknown");
  CHECK(histogram({{kBucket, "1", 4}, inf}) == "f_bucket unknown");
  CHECK(histogram({{kBucket, "1", 1.5}, inf}) == "f_bucket unknown");
  CHECK(histogram({{kBucket, "1", -1}, inf}) == "f_bucket unknown");
  CHECK(histogram({inf, {kCount, "", 3}}) == "f_bucket unknown, f_count unknown");
  CHECK(histogram({inf, {kSum, "", 3}}) == "f_bucket unknown, f_sum unknown");
  CHECK(histogram({inf, {kSum, "", 1}, {kCount, "", 4}}) ==
        "f_bucket unknown, f_count unknown, f_sum unknown");
  CHECK(histogram({inf, {kSum, "", std::numeric_limits<double>::quiet_NaN()}, {kCount, "", 3}}) ==
        "f_bucket unknown, f_count unknown, f_sum unknown");
  CHECK(histogram({{kSum, "", 1}, {kCount, "", 4}}) == "f_count unknown, f_sum unknown");
  // The lines of zone a do not stand together.
  CHECK(histogram({{kBucket, "1", 1}, {kBucket, "+Inf", 4, "b"}, inf}) == "f_bucket unknown");
}

TEST_CASE("summaries that OpenMetrics does not allow are taken apart") {
  const auto summary = [](const std::vector<Foreign>& lines) {
    return type_lines(MetricType::summary, lines);
  };
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(summary({{kQuantile, "0.5", nan}, {kSum, "", 2}, {kCount, "", 3}}) == "f summary");
  CHECK(summary({{kQuantile, "1", 5}}) == "f summary");
  CHECK(summary({{kQuantile, "1.5", 5}}) == "f unknown");
  CHECK(summary({{kQuantile, "0.5", -5}, {kCount, "", 1}}) == "f unknown, f_count unknown");
  CHECK(summary({{kSum, "", -5}}) == "f_sum unknown");
  CHECK(summary({{kCount, "", 0.5}}) == "f_count unknown");
}

TEST_CASE("Accept prefers OpenMetrics only where it says so") {
  for (const auto* yes :
       {"application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text;version=\"1.0.0\";charset=utf-8",
        // Prometheus 2.42 and 3
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;"
        "version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "text/plain;q=0, application/openmetrics-text;q=0.001",
        "APPLICATION/OpenMetrics-Text ; Q=0.9 , text/*;q=0.8", "application/*, text/plain;q=0.5",
        "application/openmetrics-text, garbage/;;=,,"}) {
    CHECK_MESSAGE(prefers_openmetrics(yes), yes);
  }
  for (const auto* no :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8", "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=0.5,text/plain;q=0.5",
        "application/openmetrics-text;q=0.5,text/plain;version=0.0.4",
        "application/openmetrics-text;q=2", "application/openmetrics-text;q=x",
        "application/openmetrics-text;version=1.0.0;q=0,*/*", "application/openmetrics-textual",
        "application/openmetrics-protobuf; version=1.0.0", "\"application/openmetrics-text",
        "application/openmetrics-text;q=0.1,*/*;q=0.2"}) {
    CHECK_MESSAGE(!prefers_openmetrics(no), no);
  }
}

}  // namespace basewatch::expose
