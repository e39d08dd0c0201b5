// Writing a page of 50,000 series, in one run against: appending the same lines, prepared, to a
// string; and prometheus-cpp's TextSerializer over the same data. Prints the fastest of many
// interleaved runs of each.
#include <fmt/format.h>
#include <malloc.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "agent/base/strings.h"
#include "agent/expose/gzip.h"
#include "agent/expose/openmetrics.h"
#include "agent/expose/text.h"
#include "agent/plugin/page.h"

namespace {

using namespace basewatch;
using Families = std::vector<prometheus::MetricFamily>;

constexpr int kFamilies = 10;
constexpr int kSeries = 5000;  // of each family
constexpr int kRuns = 41;
constexpr std::string_view kNames[] = {"device", "mode", "zone"};

struct Row {
  std::string family;
  std::string values[3];
  double value;
};

// Of ten series four count, three are bytes or sizes, two are seconds as the kernel gives them (ten
// milliseconds) and one is a quotient with all its digits.
double value_of(int series) {
  const double n = series * 7919.0 + 13;
  switch (series % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return n;
    case 4:
    case 5:
    case 6:
      return n * 4096;
    case 7:
    case 8:
      return n / 100;
    default:
      return n / 77777;
  }
}

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (int f = 0; f < kFamilies; ++f) {
    for (int s = 0; s < kSeries; ++s) {
      rows.push_back(
          {fmt::format("node_bench_family_{}_total", f),
           {fmt::format("disk{}", s / 10), fmt::format("mode_{}", s % 10), "eu-central-1"},
           value_of(f * kSeries + s)});
    }
  }
  return rows;
}

Page make_page(const std::vector<Row>& rows) {
  Page page;
  for (const auto& row : rows) {
    const std::string_view values[] = {row.values[0], row.values[1], row.values[2]};
    page.add({MetricType::counter, row.family, "A family of the benchmark.", {}, kNames}, row.value,
             values);
  }
  page.seal();
  return page;
}

Families make_families(const std::vector<Row>& rows) {
  Families families;
  for (const auto& row : rows) {
    if (families.empty() || families.back().name != row.family) {
      families.push_back(
          {row.family, "A family of the benchmark.", prometheus::MetricType::Counter, {}});
    }
    prometheus::ClientMetric metric;
    for (int i = 0; i < 3; ++i) metric.label.push_back({std::string(kNames[i]), row.values[i]});
    metric.counter.value = row.value;
    families.back().metric.push_back(std::move(metric));
  }
  return families;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::string_view line;
  while (next_line(text, line)) lines.push_back(std::string(line) + "\n");
  return lines;
}

std::size_t zlib6(const std::string& text, std::vector<unsigned char>& buffer) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  buffer.resize(deflateBound(&stream, text.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = buffer.data();
  stream.avail_out = static_cast<uInt>(buffer.size());
  deflate(&stream, Z_FINISH);
  deflateEnd(&stream);
  return stream.total_out;
}

struct Contender {
  std::function<void()> run;
  double best_ms = std::numeric_limits<double>::infinity();

  void measure() {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::milli> span = std::chrono::steady_clock::now() - begin;
    best_ms = std::min(best_ms, span.count());
  }
};

std::size_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

template <typename Make>
double bytes_per_series(const std::vector<Row>& rows, Make make) {
  const std::size_t before = heap_in_use();
  const auto kept = make(rows);
  return static_cast<double>(heap_in_use() - before) / static_cast<double>(rows.size());
}

}  // namespace

int main() {
  const auto rows = make_rows();
  const double page_bytes = bytes_per_series(rows, make_page);
  const double family_bytes = bytes_per_series(rows, make_families);
  const Page page = make_page(rows);
  const Families families = make_families(rows);
  const expose::TargetLabels target(
      {{"job", "node"}, {"instance", "db-1.example.org"}, {"node", "db-1.example.org"}});
  const expose::Part plain{&page}, labelled{&page, &target};
  std::string text, labelled_text, appended, zipped;
  expose::write_text({&plain, 1}, text);
  expose::write_text({&labelled, 1}, labelled_text);
  const auto lines = lines_of(text);
  const auto labelled_lines = lines_of(labelled_text);
  const prometheus::TextSerializer serializer;
  std::vector<unsigned char> buffer;
  std::size_t zlib_size = 0;

  const auto append = [&appended](const std::vector<std::string>& from) {
    appended.clear();
    for (const auto& line : from) appended.append(line);
  };
  Contender ours{[&] { text.clear(), expose::write_text({&plain, 1}, text); }};
  std::string open;
  Contender ours_open{[&] { open.clear(), expose::write_openmetrics({&plain, 1}, open); }};
  Contender appending{[&] { append(lines); }};
  Contender ours_labelled{[&] {
    labelled_text.clear(), expose::write_text({&labelled, 1}, labelled_text);
  }};
  Contender appending_labelled{[&] { append(labelled_lines); }};
  Contender theirs{[&] {
    std::ostringstream stream;
    serializer.Serialize(stream, families);
  }};
  Contender filling{[&] { make_page(rows); }};
  Contender our_gzip{[&] { zipped = expose::gzip(text); }};
  Contender their_gzip{[&] { zlib_size = zlib6(text, buffer); }};

  appended.reserve(labelled_text.size());
  for (int i = 0; i < kRuns; ++i) {
    for (auto* one : {&appending, &ours, &appending_labelled, &ours_labelled, &ours_open})
      one->measure();
    if (i % 2 == 0) {
      for (auto* one : {&theirs, &filling, &our_gzip, &their_gzip}) one->measure();
    }
  }
  fmt::print(
      "expose: ours {:.2f} ms, append {:.2f} ms ({:.1f}x), prometheus-cpp {:.1f} ms ({:.1f}x)\n",
      ours.best_ms, appending.best_ms, ours.best_ms / appending.best_ms, theirs.best_ms,
      theirs.best_ms / ours.best_ms);
  fmt::print("expose with target labels: ours {:.2f} ms, append {:.2f} ms ({:.1f}x)\n",
             ours_labelled.best_ms, appending_labelled.best_ms,
             ours_labelled.best_ms / appending_labelled.best_ms);
  fmt::print("expose as OpenMetrics: ours {:.2f} ms, append {:.2f} ms ({:.1f}x)\n",
             ours_open.best_ms, appending.best_ms, ours_open.best_ms / appending.best_ms);
  fmt::print(
      "gzip of {:.1f} MB: ours {:.1f} ms for {} KB, zlib level 6 {:.1f} ms for {} KB ({:.1f}x)\n",
      static_cast<double>(text.size()) / 1e6, our_gzip.best_ms, zipped.size() / 1000,
      their_gzip.best_ms, zlib_size / 1000, their_gzip.best_ms / our_gzip.best_ms);
  fmt::print(
      "page: filled and sealed in {:.1f} ms; {:.0f} bytes a series, MetricFamily {:.0f} "
      "({:.1f}x)\n",
      filling.best_ms, page_bytes, family_bytes, family_bytes / page_bytes);
}
