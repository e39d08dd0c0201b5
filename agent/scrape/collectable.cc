#include "agent/scrape/collectable.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/strings.h"

namespace basewatch::scrape {
namespace {

MetricType type_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return MetricType::counter;
    case prometheus::MetricType::Gauge:
      return MetricType::gauge;
    case prometheus::MetricType::Summary:
      return MetricType::summary;
    case prometheus::MetricType::Histogram:
      return MetricType::histogram;
    case prometheus::MetricType::Untyped:
      break;
  }
  return MetricType::untyped;
}

// Adds the lines of one metric under its labels, with le or quantile behind them where need be.
class Writer {
 public:
  Writer(Page& page, const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric)
      : page_(page), family_(family), metric_(metric) {
    for (const auto& label : metric.label) labels_.emplace_back(label.name, label.value);
  }

  void write() {
    switch (type_of(family_.type)) {
      case MetricType::counter:
        return line(SampleKind::value, metric_.counter.value);
      case MetricType::gauge:
        return line(SampleKind::value, metric_.gauge.value);
      case MetricType::untyped:
        return line(SampleKind::value, metric_.untyped.value);
      case MetricType::summary:
        return summary(metric_.summary);
      case MetricType::histogram:
        return histogram(metric_.histogram);
    }
  }

 private:
  void line(SampleKind kind, double value) {
    page_.add_foreign(type_of(family_.type), family_.name, family_.help, kind, labels_, value);
  }
  void line(SampleKind kind, std::string_view label, double at, double value) {
    const auto text = format_double(at);
    labels_.emplace_back(label, text);
    line(kind, value);
    labels_.pop_back();
  }
  void totals(double sum, std::uint64_t count) {
    line(SampleKind::sum, sum);
    line(SampleKind::count, static_cast<double>(count));
  }
  void summary(const prometheus::ClientMetric::Summary& value) {
    for (const auto& [quantile, at] : value.quantile) {
      line(SampleKind::quantile, "quantile", quantile, at);
    }
    totals(value.sample_sum, value.sample_count);
  }
  void histogram(const prometheus::ClientMetric::Histogram& value) {
    bool infinite = false;  // some instrumentations leave the last bucket to the reader
    for (const auto& bucket : value.bucket) {
      infinite = infinite || bucket.upper_bound == kInfinity;
      line(SampleKind::bucket, "le", bucket.upper_bound,
           static_cast<double>(bucket.cumulative_count));
    }
    if (!infinite) {
      line(SampleKind::bucket, "le", kInfinity, static_cast<double>(value.sample_count));
    }
    totals(value.sample_sum, value.sample_count);
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Page& page_;
  const prometheus::MetricFamily& family_;
  const prometheus::ClientMetric& metric_;
  std::vector<Page::Label> labels_;
};

class CollectableExporter final : public Exporter {
 public:
  CollectableExporter(std::shared_ptr<const prometheus::Collectable> source,
                      std::string_view collector)
      : collector_{.name = collector,
                   .lane = {},
                   .on_by_default = true,
                   .schedule = on_scrape,
                   .run = [source = std::move(source)](Page& page, const Deadline&) {
                     add_collectable(page, *source);
                     return done();
                   }} {}
  std::span<const Collector> collectors() override { return {&collector_, 1}; }

 private:
  const Collector collector_;
};

}  // namespace

void add_collectable(Page& page, const prometheus::Collectable& source) {
  for (const auto& family : source.Collect()) {
    for (const auto& metric : family.metric) Writer(page, family, metric).write();
  }
}

std::unique_ptr<Exporter> make_exporter(std::shared_ptr<const prometheus::Collectable> source,
                                        std::string_view collector) {
  return std::make_unique<CollectableExporter>(std::move(source), collector);
}

}  // namespace basewatch::scrape
