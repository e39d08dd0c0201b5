#include "catalog/compiler/series_index.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

constexpr std::string_view kOfQueries = "postgres";  // who runs the queries of a site
constexpr std::string_view kSite = "site";

promql::LabelSet label_set(std::span<const std::string_view> labels) {
  promql::LabelSet set;
  set.names = {"job", "instance", "node"};
  for (const auto label : labels) set.names.emplace(label);
  return set;
}

}  // namespace

SeriesIndex::SeriesIndex(const std::vector<const Subject*>& subjects) {
  for (const auto* subject : subjects) {
    for (const auto& passthrough : subject->passthroughs) {
      sources_.emplace(passthrough.spec.source, subject);
    }
    if (subject->exporter == kOfQueries) queries_of_.push_back(subject);
  }
  for (const auto* subject : subjects) {
    for (const auto& metric : subject->metrics) add(metric, *subject);
    for (const auto& family : subject->families) add(family, *subject);
  }
  add_own_of_prometheus();
}

void SeriesIndex::add(const MetricEntry& metric, const Subject& subject) {
  const auto* owner = &subject;
  if (const auto source = sources_.find(metric.from_source); source != sources_.end()) {
    owner = source->second;
  } else if (!metric.from_query.empty() && subject.name == kSite && !queries_of_.empty()) {
    owner = queries_of_.front();
  }
  const std::string name(metric.spec.name);
  const auto labels = label_set(metric.spec.labels);
  auto parted = labels;
  switch (metric.spec.type) {
    case MetricType::histogram:
      parted.names.emplace("le");
      series_.emplace(name + "_bucket", Series{{MetricType::counter, parted, true}, owner});
      histograms_.emplace(metric.spec.name, &metric);
      break;
    case MetricType::summary:
      parted.names.emplace("quantile");
      series_.emplace(name, Series{{MetricType::gauge, parted, true}, owner});
      break;
    default:
      series_.emplace(name, Series{{metric.spec.type, labels, true}, owner});
      return;
  }
  series_.emplace(name + "_sum", Series{{MetricType::counter, labels, true}, owner});
  series_.emplace(name + "_count", Series{{MetricType::counter, labels, true}, owner});
}

void SeriesIndex::add(const FamilyEntry& family, const Subject& subject) {
  families_.push_back(&family);
  MetricEntry member;
  member.spec = {family.spec.type, {}, {}, {}, family.spec.labels};
  for (const auto field : family.spec.known) {
    const auto name = family.spec.name(field);
    member.spec.name = name;
    add(member, subject);
    histograms_.erase(name);  // the name dies with this loop
  }
}

void SeriesIndex::add_own_of_prometheus() {
  for (const auto* name : {"up", "scrape_duration_seconds", "scrape_samples_scraped",
                           "scrape_samples_post_metric_relabeling", "scrape_series_added"}) {
    series_.emplace(name, Series{{MetricType::gauge, label_set({}), true}, nullptr});
  }
  for (const auto* name : {"ALERTS", "ALERTS_FOR_STATE"}) {
    promql::LabelSet labels;
    labels.names = {"alertname", "severity", "priority"};
    if (std::string_view(name) == "ALERTS") labels.names.emplace("alertstate");
    labels.open = true;
    series_.emplace(name, Series{{MetricType::gauge, labels, true}, nullptr});
  }
}

const Series* SeriesIndex::find(std::string_view name) const {
  const auto found = series_.find(name);
  return found == series_.end() ? nullptr : &found->second;
}

std::string SeriesIndex::why_unknown(std::string_view name,
                                     const std::vector<std::string_view>& recorded) const {
  if (histograms_.contains(name)) {
    return fmt::format("{0} is a histogram, whose series are {0}_bucket, {0}_sum and {0}_count",
                       name);
  }
  std::vector<std::string_view> known = recorded;
  for (const auto& [word, series] : series_) known.push_back(word);
  const auto guess = nearest(name, known);
  for (const auto* family : families_) {
    const auto field = family->spec.match(name);
    if (field.empty()) continue;
    return guess.empty() || family->spec.match(guess).empty()
               ? fmt::format(
                     "{} is of the family {}, whose 'known' lacks '{}': add it there, at {}", name,
                     family->spec.pattern, field, family->where.text())
               : fmt::format("{} is of the family {}, whose 'known' lacks '{}': did you mean {}?",
                             name, family->spec.pattern, field, guess);
  }
  return guess.empty()
             ? fmt::format(
                   "nothing declares {}: add it to a metrics.yml, or to the site with "
                   "'from: <passthrough>'",
                   printable(name))
             : fmt::format("nothing declares {}: did you mean {}?", printable(name), guess);
}

}  // namespace basewatch::catalog
