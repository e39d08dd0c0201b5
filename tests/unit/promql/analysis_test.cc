#include "catalog/compiler/promql/analysis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"

using namespace std::chrono_literals;

namespace basewatch::promql {

namespace {

struct Declared {
  MetricType type;
  std::vector<std::string> labels;
  bool raw = true;
  bool open = false;
};

// A small world; every series has job, instance and node on top.
const std::map<std::string, Declared, std::less<>> kWorld = {
    {"up", {MetricType::gauge, {}}},
    {"load", {MetricType::gauge, {}}},
    {"cpu_seconds_total", {MetricType::counter, {"cpu", "mode"}}},
    {"memory_bytes", {MetricType::gauge, {}}},
    {"memory_limit_bytes", {MetricType::gauge, {}}},
    {"disk_bytes", {MetricType::gauge, {"device", "mountpoint"}}},
    {"requests_total", {MetricType::counter, {}}},
    {"errors_total", {MetricType::counter, {"code"}}},
    {"replies_total", {MetricType::counter, {"code"}}},
    {"vmstat", {MetricType::untyped, {}}},
    {"build_info", {MetricType::gauge, {"version"}}},
    {"latency_seconds_bucket", {MetricType::counter, {"le", "route"}}},
    {"latency_seconds_count", {MetricType::counter, {"route"}}},
    {"temperature_celsius", {MetricType::gauge, {"le"}}},
    {"summary_seconds", {MetricType::summary, {"quantile"}}},
    {"database_size", {MetricType::gauge, {"datname"}}},
    {"database_backends", {MetricType::gauge, {"datid", "datname"}}},
    {"anything", {MetricType::untyped, {}, true, true}},
    {"job:requests:rate5m", {MetricType::gauge, {}, false}},
};

std::optional<SeriesInfo> resolve(std::string_view name) {
  const auto found = kWorld.find(name);
  if (found == kWorld.end()) return std::nullopt;
  SeriesInfo info;
  info.type = found->second.type;
  info.raw = found->second.raw;
  info.labels.open = found->second.open;
  info.labels.names = {"job", "instance", "node"};
  info.labels.names.insert(found->second.labels.begin(), found->second.labels.end());
  return info;
}

std::string nearest_name(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& [declared, info] : kWorld) known.push_back(declared);
  return std::string(nearest(name, known));
}

Analysis look_at(std::string_view text) {
  return analyse(*parse(text), resolve, nearest_name);
}

// "code@offset code@offset"
std::string codes(std::string_view text) {
  std::vector<std::string> all;
  for (const auto& finding : look_at(text).findings) {
    all.push_back(finding.code + "@" + std::to_string(finding.offset));
  }
  return join(all, " ");
}

std::string message(std::string_view text) {
  const auto findings = look_at(text).findings;
  return findings.empty() ? "" : findings.front().message;
}

// "a b* c?" with * for pinned and ? for what may be missing; "..." where more may come.
std::string labels(std::string_view text) {
  const auto set = look_at(text).labels;
  std::vector<std::string> all;
  for (const auto& name : set.names) {
    all.push_back(name + (set.pinned.contains(name) ? "*" : "") +
                  (set.maybe.contains(name) ? "?" : ""));
  }
  if (set.open) all.push_back("...");
  return join(all, " ");
}

void check_codes(const std::vector<std::pair<std::string, std::string>>& table) {
  for (const auto& [text, expected] : table) CHECK_MESSAGE(codes(text) == expected, text);
}

void check_quiet(const std::vector<std::string>& texts) {
  for (const auto& text : texts) CHECK_MESSAGE(codes(text) == "", text);
}

}  // namespace

TEST_CASE("names that nobody declares") {
  check_codes({{"lod > 1", "unknown-metric@0"},
               {"load + 1 / unknown_thing", "unknown-metric@11"},
               {"sum by (whatever) (unknown_thing)", "unknown-metric@19"},
               {"absent(unknown_thing)", "unknown-metric@7"},
               {"count({job=\"a\"})", "unnamed-selector@6"},
               {"{__name__=~\"node_.+\"}", "unnamed-selector@0"}});
  CHECK(message("lod > 1") == "no metric lod is declared; did you mean load?");
  CHECK(message("completely_different") == "no metric completely_different is declared");
  check_quiet({"load", "{__name__=\"load\"}", "vector(1)", "time()"});
}

TEST_CASE("labels that the series do not have") {
  check_codes({{"load{mode=\"x\"}", "unknown-label@5"},
               {"load{mode=\"\"}", "unknown-label@5"},
               {"sum by (cpu, mod) (cpu_seconds_total)", "unknown-label@13"},
               {"sum without (cpus) (cpu_seconds_total)", "unknown-label@13"},
               {"topk by (mod) (1, cpu_seconds_total)", "unknown-label@9 flapping-function@0"},
               {"sum by (cpu) (sum by (mode) (cpu_seconds_total))", "unknown-label@8"},
               {"load + on (cpu) memory_bytes", "unknown-label@11"},
               {"load + ignoring (cpu) memory_bytes", "unknown-label@17"},
               {"load * on (node) group_left (release) build_info", "unknown-label@29"},
               {"label_replace(load, 'a', '$1', 'device', '(.*)')", "unknown-label@31"},
               {"label_join(load, 'a', '-', 'node', 'device')", "unknown-label@35"}});
  CHECK(message("sum by (mod) (cpu_seconds_total)") ==
        "no series here has the label mod; did you mean mode?");
  CHECK(message("load{device='x'}") ==
        "no series here has the label device; they have instance, job, node");
  CHECK(message("sum by (a) (sum(load))") ==
        "no series here has the label a; they have no labels at all");
  check_quiet({"cpu_seconds_total{mode=\"idle\",job=~\"a|b\"}",
               "sum by (mode, node) (cpu_seconds_total)", "sum by (whatever) (anything)",
               "anything{whatever=\"x\"}", "sum by (__name__) (load)",
               "load * on (node) group_left (version) build_info",
               "label_replace(load, 'a', '$1', 'node', '(.*)')",
               "label_replace(load, 'a', 'fixed', '', '')",
               "sum by (a) (label_replace(load, 'a', '$1', 'node', '(.*)'))"});
}

TEST_CASE("rates are of counters") {
  check_codes({{"rate(load[5m])", "rate-of-gauge@5"},
               {"increase(summary_seconds[5m])", "rate-of-gauge@9"},
               {"resets((load[5m]))", "rate-of-gauge@7"},
               {"rate(load[5m:1m])", "rate-of-gauge@5"},
               {"rate(rate(requests_total[5m])[1h:1m])", "rate-of-gauge@5"},
               {"rate(job:requests:rate5m[5m])", "rate-of-recorded@5"},
               {"rate(sum(requests_total)[5m:1m])", "rate-of-aggregation@5"},
               {"increase(max by (code) (errors_total)[1h:])", "rate-of-aggregation@9"},
               {"irate(load[5m])", "rate-of-gauge@6 flapping-function@0"}});
  CHECK(message("rate(load[5m])") ==
        "rate() needs a counter and load is declared a gauge; write delta() or deriv()");
  check_quiet({"rate(requests_total[5m])", "increase(vmstat[5m])",
               "rate(latency_seconds_bucket[5m])", "rate(requests_total[5m:1m])",
               "changes(load[5m])", "max_over_time(rate(requests_total[5m])[1h:1m])",
               "sum(rate(errors_total[5m]))"});
}

TEST_CASE("gauge functions are of gauges") {
  check_codes({{"deriv(requests_total[5m])", "gauge-function-of-counter@6"},
               {"delta(requests_total[5m])", "gauge-function-of-counter@6"},
               {"idelta(requests_total[5m])", "gauge-function-of-counter@7"},
               {"predict_linear(requests_total[5m], 60)", "gauge-function-of-counter@15"},
               {"holt_winters(requests_total[5m], 0.1, 0.1)", "gauge-function-of-counter@13"}});
  check_quiet({"deriv(load[5m])", "predict_linear(disk_bytes[6h], 3600)", "delta(vmstat[5m])",
               "delta(job:requests:rate5m[5m])", "deriv(rate(requests_total[5m])[1h:1m])"});
}

TEST_CASE("sides that can never match") {
  check_codes({{"errors_total / requests_total", "vector-matching@13"},
               {"rate(errors_total[5m]) / rate(requests_total[5m]) > 0.1", "vector-matching@23"},
               {"sum by (node) (load) / load", "vector-matching@21"},
               {"sum(load) / load", "vector-matching@10"},
               {"load > vector(5)", "vector-matching@5"},
               {"disk_bytes / on (device) load", "vector-matching@11"},
               {"cpu_seconds_total{mode=\"idle\"} / cpu_seconds_total{mode=\"user\"}",
                "vector-matching@31"},
               {"cpu_seconds_total / ignoring (cpu) errors_total", "vector-matching@18"},
               {"label_replace(load, 'a', 'x', '', '') / load", "vector-matching@38"}});
  CHECK(message("errors_total / requests_total") ==
        "the two sides of / never match, so that the result is always empty: only the left side "
        "has code; match on what both have, as in on (instance, job, node)");
  CHECK(message("load > vector(5)") ==
        "the two sides of > never match, so that the result is always empty: only the left side "
        "has instance, job, node; write on () group_left ()");
  check_quiet(
      {"memory_bytes / memory_limit_bytes", "errors_total / ignoring (code) requests_total",
       "errors_total / on (job, instance, node) requests_total",
       "sum by (job) (errors_total) / sum by (job) (requests_total)",
       "sum without (code) (errors_total) / requests_total", "sum(load) / sum(memory_bytes)",
       "load > on () group_left () vector(5)", "load > 5", "load / anything",
       "load / (load or disk_bytes)", "label_replace(load, 'a', '$1', 'node', '(x.*)') / load",
       "cpu_seconds_total{mode=\"idle\"} / ignoring (mode) cpu_seconds_total{mode=\"user\"}",
       "cpu_seconds_total{mode=\"idle\"} / cpu_seconds_total{mode=~\"i.*\"}"});
}

TEST_CASE("several series where the other side has one") {
  check_codes(
      {{"errors_total / on (node) sum by (node) (errors_total)", "many-to-one@13"},
       {"rate(errors_total[5m]) / ignoring (code) sum without (code) (rate(errors_total[5m]))",
        "many-to-one@23"},
       {"sum by (node, mode) (cpu_seconds_total) / on (node) sum by (node) (cpu_seconds_total)",
        "many-to-one@40"},
       {"sum by (node) (errors_total) / on (node) errors_total", "many-to-one@29"},
       {"sum by (node) (errors_total) * on (node) group_left () errors_total", "many-to-one@29"},
       {"latency_seconds_count / ignoring (le) latency_seconds_bucket", "many-to-one@22"}});
  CHECK(message("errors_total / on (node) sum by (node) (errors_total)") ==
        "the left side has several series for one of the right, which differ in code; write "
        "group_left");
  // Whether one label tells another is not known here, so these are left alone.
  check_quiet({"errors_total / on (node) group_left () sum by (node) (errors_total)",
               "database_backends / on (datname) database_size",
               "database_backends / ignoring (datid) database_size",
               "load * on (node) group_left (version) build_info",
               "errors_total{code=\"500\"} / on (node) sum by (node) (errors_total)",
               "load / on (node) sum by (node) (load)",
               "latency_seconds_count / ignoring (le) latency_seconds_bucket{le=\"+Inf\"}",
               "sum by (node, code) (errors_total) / on (node) count by (node) (errors_total)"});
}

TEST_CASE("sets that can never match") {
  check_codes({{"errors_total and requests_total", "set-matching@13"},
               {"errors_total unless requests_total", "set-matching@13"},
               {"sum by (job) (load) and on (node) up", "set-matching@20"},
               {"up{job=\"a\"} and up{job=\"b\"}", "set-matching@12"},
               {"sum by (job) (load) or vector(0)", "set-matching@20"}});
  CHECK(message("errors_total unless requests_total") ==
        "the two sides of unless never match, so that the result is always the left side: only the "
        "left side has code; match on what both have, as in on (instance, job, node)");
  check_quiet({"errors_total and on (node) requests_total", "load > 5 and memory_bytes < 1",
               "errors_total unless ignoring (code) requests_total",
               "up{job=\"a\"} or up{job=\"b\"}", "absent(up{job=\"a\"}) or absent(up{job=\"b\"})",
               "up{job=\"a\"} == 0 or absent(up{job=\"a\"}) == 1", "load > 5 or errors_total > 3",
               "sum(load) or vector(0)", "sum by (job) (load) or on () vector(0)"});
}

TEST_CASE("histograms keep le until the quantile is taken") {
  check_codes(
      {{"histogram_quantile(0.9, rate(latency_seconds_count[5m]))", "histogram-quantile@24"},
       {"histogram_quantile(0.9, load)", "histogram-quantile@24"},
       {"histogram_quantile(0.9, temperature_celsius)", "histogram-quantile@24"},
       {"histogram_quantile(0.9, max by (route) (rate(latency_seconds_bucket[5m])))",
        "histogram-quantile@24"},
       {"histogram_quantile(0.9, rate(latency_seconds_bucket{le=\"1\"}[5m]))",
        "histogram-quantile@24"},
       {"histogram_quantile(0.9, job:requests:rate5m)", "histogram-quantile@24"},
       {"sum by (route) (rate(latency_seconds_bucket[5m]))", "le-dropped@0"},
       {"avg without (le) (latency_seconds_bucket)", "le-dropped@0"},
       // Said once, where it happens.
       {"histogram_quantile(0.9, sum by (route) (rate(latency_seconds_bucket[5m])))",
        "le-dropped@24"},
       {"histogram_quantile(90, rate(latency_seconds_bucket[5m]))", "quantile-range@19"},
       {"histogram_quantile(-1, rate(latency_seconds_bucket[5m]))", "quantile-range@19"},
       {"quantile(1.5, load)", "quantile-range@9"},
       {"quantile_over_time((99), load[5m])", "quantile-range@20"}});
  check_quiet({"histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))",
               "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
               "histogram_quantile(0.9, sum without (route) (rate(latency_seconds_bucket[5m])))",
               "histogram_quantile(0.9, anything)",
               "sum by (route) (rate(latency_seconds_bucket{le=\"+Inf\"}[5m]))",
               "count by (route) (latency_seconds_bucket)",
               "sum by (route) (rate(latency_seconds_count[5m]))",
               "quantile(0, load) + quantile(1, load)", "quantile(scalar(load), load)"});
}

TEST_CASE("arguments that fail only at evaluation") {
  check_codes({{"label_replace(load, 'a', '$1', 'node', '(')", "bad-regex@39"},
               {"sum by (a) (label_replace(load, 'a', '$1', 'node', '('))", "bad-regex@51"},
               {"label_replace(load, 'a-b', '$1', 'node', '(.*)')", "bad-label@20"},
               {"label_join(load, '1a', '-', 'node')", "bad-label@17"},
               {"count_values('not a label', load)", "bad-label@13"}});
  check_quiet({"label_replace(load, 'a', '$1', 'node', '(.*)')", "count_values('value', load)",
               "label_join(load, 'a', '-', 'node')"});
}

TEST_CASE("functions that flap") {
  check_codes({{"topk(3, load)", "flapping-function@0"},
               {"1 + bottomk(3, load)", "flapping-function@4"},
               {"irate(requests_total[5m])", "flapping-function@0"}});
  check_quiet({"rate(requests_total[5m])", "max(load)", "sort_desc(load)"});
}

TEST_CASE("the labels of the result") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"load", "instance job node"},
      {"load{node=\"a\"}", "instance job node*"},
      {"load{node=~\"a.*\"}", "instance job node"},
      {"load{node=\"\"}", "instance job"},
      {"load or disk_bytes", "device? instance job mountpoint? node"},
      {"sum(load)", ""},
      {"sum by (node) (load{node=\"a\"})", "node*"},
      {"sum without (node) (load)", "instance job"},
      {"sum by (a, node) (anything)", "a? node"},
      {"sum without (node) (anything)", "instance job ..."},
      {"sum by (device, node) (load or disk_bytes)", "device? node"},
      {"topk by (node) (1, load)", "instance job node"},
      {"count_values(\"v\", load)", "v"},
      {"count_values by (node) (\"v\", load)", "node v"},
      {"rate(cpu_seconds_total{mode=\"idle\"}[5m])", "cpu instance job mode* node"},
      {"max_over_time(sum by (node) (load)[1h:1m])", "node"},
      {"load * 2 > 5", "instance job node"},
      {"2 * load", "instance job node"},
      {"-load", "instance job node"},
      {"load / memory_bytes{node=\"a\"}", "instance job node*"},
      {"errors_total / on (node) group_left () sum by (node) (load)", "code instance job node"},
      {"load * on (node) group_left (version) build_info{version=\"1\"}",
       "instance job node version*"},
      {"build_info * on (node) group_right (version) load", "instance job node version"},
      {"errors_total / ignoring (code) requests_total", "instance job node"},
      {"load / on (node) memory_bytes", "node"},
      {"load > on (node) memory_bytes", "node"},
      {"anything / load", "instance job node"},
      {"anything / on (x) anything", "x?"},
      {"errors_total and on (node) load{node=\"a\"}", "code instance job node*"},
      {"errors_total unless on (node) load{node=\"a\"}", "code instance job node"},
      {"up{job=\"a\"} or up{job=\"b\"}", "instance job node"},
      {"up{job=\"a\"} or load{job=\"a\"}", "instance job* node"},
      {"histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))", "instance job node route"},
      {"absent(up{job=\"a\",instance=~\"b\",node!=\"c\"})", "job*"},
      {"absent((up{job=\"a\"}))", "job*"},
      {"absent(up{job=\"a\",job=\"b\",node=\"\"})", ""},
      {"absent(up{job=\"a\"} == 1)", ""},
      {"absent_over_time(up{job=\"a\"}[5m])", "job*"},
      {"vector(1)", ""},
      {"hour()", ""},
      {"hour(load)", "instance job node"},
      {"timestamp(load)", "instance job node"},
      {"label_replace(load, 'a', '$1', 'node', '(.*)')", "a instance job node"},
      {"label_replace(load{node=\"x\"}, 'a', '$1', 'node', '(.*)')", "a* instance job node*"},
      {"label_replace(load, 'a', '$1', 'node', '(x)')", "a? instance job node"},
      {"label_replace(load, 'a', 'fixed', '', '')", "a* instance job node"},
      {"label_replace(load, 'node', '', '', '')", "instance job"},
      {"label_replace(load, 'node', '$1', 'instance', '(.*):.*')", "instance job node?"},
      {"label_join(load, 'a', '-', 'node', 'job')", "a instance job node"},
      {"label_join(load, 'node', '-')", "instance job"},
      {"scalar(load)", ""},
      {"unknown_thing", "..."},
  };
  for (const auto& [text, expected] : table) CHECK_MESSAGE(labels(text) == expected, text);
}

TEST_CASE("whether the result can be empty") {
  for (const auto* text :
       {"load", "1", "sum(load)", "load > bool 5", "load == bool memory_bytes", "vector(1)",
        "load > 5 or vector(1)", "rate(requests_total[5m]) * 2", "scalar(load > 5)",
        "load + memory_bytes", "hour()", "max_over_time(load[5m])"}) {
    CHECK_MESSAGE(look_at(text).always_returns, text);
  }
  for (const auto* text :
       {"load > 5", "5 < load", "load == memory_bytes", "load and memory_bytes",
        "load unless memory_bytes", "absent(load)", "absent_over_time(load[5m])", "sum(load > 5)",
        "(load > 5) * 2", "load > 5 or load < 1", "label_replace(load > 5, 'a', 'b', '', '')",
        "max_over_time((load > 5)[5m:1m])", "load + (memory_bytes > 1)", "(load > 5) > bool 1",
        "topk(1, load > 5)"}) {
    CHECK_MESSAGE(!look_at(text).always_returns, text);
  }
}

TEST_CASE("every selector is listed, in order") {
  const auto analysis = look_at(
      "rate(requests_total{job=\"a\"}[5m]) / on (node) load > time() or max_over_time(up[1h])");
  REQUIRE(analysis.uses.size() == 3);
  CHECK(analysis.uses[0].metric == "requests_total");
  CHECK(analysis.uses[0].offset == 5);
  CHECK(analysis.uses[0].range == 5min);
  CHECK(analysis.uses[0].matchers.at(0).label == "job");
  CHECK(analysis.uses[1].metric == "load");
  CHECK(analysis.uses[1].range == 0s);
  CHECK(analysis.uses[2].range == 1h);
  CHECK(analysis.type == ValueType::instant_vector);
  CHECK(look_at("1 + 2").type == ValueType::scalar);
  CHECK(look_at("scalar(load) + 1").type == ValueType::scalar);
  CHECK(look_at("load[5m]").type == ValueType::range_vector);
}

TEST_CASE("the deepest trees the parser lets through are analysed") {
  std::string chain = "load";
  for (int i = 0; i < 990; ++i) chain += " + load";
  CHECK(look_at(chain).findings.empty());
  std::string nested = "load";
  for (int i = 0; i < 190; ++i) nested = "abs(" + nested + ")";
  CHECK(look_at(nested).findings.empty());
}

}  // namespace basewatch::promql
