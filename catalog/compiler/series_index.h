#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/promql/analysis.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// A name that can be selected: a metric, a member of a family that is known, a part of a histogram,
// or what Prometheus makes itself.
struct Series {
  promql::SeriesInfo info;
  const Subject* subject = nullptr;  // whose exporter emits it; null for Prometheus' own (up)
};

// Every series name that is declared, recorded ones apart. The subjects outlive it.
class SeriesIndex {
 public:
  explicit SeriesIndex(const std::vector<const Subject*>& subjects);

  const Series* find(std::string_view name) const;

  // Why there is no such name and what to write instead, as one sentence. `recorded` are further
  // names that may be meant.
  std::string why_unknown(std::string_view name,
                          const std::vector<std::string_view>& recorded) const;

 private:
  void add(const MetricEntry& metric, const Subject& subject);
  void add(const FamilyEntry& family, const Subject& subject);
  void add_own_of_prometheus();

  std::map<std::string, Series, std::less<>> series_;
  std::map<std::string_view, const MetricEntry*> histograms_;  // whose bare name is no series
  std::vector<const FamilyEntry*> families_;
  std::map<std::string_view, const Subject*> sources_;  // of passthroughs
  std::vector<const Subject*> queries_of_;              // of the exporter that runs queries
};

}  // namespace basewatch::catalog
