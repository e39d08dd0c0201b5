#include "agent/expose/distribution.h"

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

struct Line {
  std::string_view series;         // the labels without le or quantile
  std::optional<double> position;  // what le or quantile says
};

// `name` is the last label, as on every page; raw quotes stand only around values.
Line without_last(std::string_view labels, std::string_view name) {
  const auto at = labels.rfind(name);
  if (at == std::string_view::npos || (at > 0 && labels[at - 1] != ',')) return {labels, {}};
  const auto value = labels.substr(at + name.size());
  if (value.size() < 1 || value.find('"') + 1 != value.size()) return {labels, {}};
  return {labels.substr(0, at > 0 ? at - 1 : 0), parse_double(value.substr(0, value.size() - 1))};
}

// What was seen of one series so far.
struct Seen {
  double last_bound = -std::numeric_limits<double>::infinity();
  double last_count = 0;
  std::size_t buckets = 0;
  bool below_zero = false;
  std::optional<double> sum, count;
};

bool is_whole(double value) {
  return value >= 0 && std::floor(value) == value && !std::isinf(value);
}

bool take_bucket(Seen& seen, const std::optional<double>& bound, double value) {
  if (!bound || std::isnan(*bound) || !is_whole(value)) return false;
  if (seen.buckets > 0 && (*bound <= seen.last_bound || value < seen.last_count)) return false;
  if (*bound < 0) seen.below_zero = true;
  ++seen.buckets;
  seen.last_bound = *bound;
  seen.last_count = value;
  return true;
}

bool take(Seen& seen, MetricType type, SampleKind kind, const Line& line, double value) {
  switch (kind) {
    case SampleKind::bucket:
      return type == MetricType::histogram && take_bucket(seen, line.position, value);
    case SampleKind::quantile:
      return type == MetricType::summary && line.position && *line.position >= 0 &&
             *line.position <= 1 && !(value < 0);
    case SampleKind::sum:
      seen.sum = value;
      return value >= 0;
    case SampleKind::count:
      seen.count = value;
      return is_whole(value);
    case SampleKind::value:
      return false;
  }
  return false;
}

bool is_complete(const Seen& seen, MetricType type) {
  if (type == MetricType::summary) return true;
  return seen.buckets > 0 && std::isinf(seen.last_bound) &&
         seen.sum.has_value() == seen.count.has_value() && !(seen.sum && seen.below_zero) &&
         (!seen.count || *seen.count == seen.last_count);
}

bool is_sound(const Page& page, const Page::Family& family, std::set<std::string_view>& finished) {
  std::optional<std::string_view> current;
  Seen seen;
  for (const auto& sample : family.samples) {
    const auto kind = static_cast<SampleKind>(sample.kind);
    const auto labels = page.labels(sample);
    const auto line = kind == SampleKind::bucket     ? without_last(labels, "le=\"")
                      : kind == SampleKind::quantile ? without_last(labels, "quantile=\"")
                                                     : Line{labels, {}};
    if (current != line.series) {
      if (current && !is_complete(seen, family.type)) return false;
      if (!finished.insert(line.series).second) return false;  // its lines do not stand together
      current = line.series;
      seen = {};
    }
    if (!take(seen, family.type, kind, line, sample.value)) return false;
  }
  return is_complete(seen, family.type);
}

}  // namespace

bool is_sound_distribution(const Merge& merge, const Merge::Group& group) {
  std::map<std::size_t, std::set<std::string_view>> finished;  // by owner
  for (const auto& entry : group.entries) {
    if (entry.family->type != group.type()) continue;
    const auto& source = merge.source(entry);
    if (!is_sound(*source.page, *entry.family, finished[source.owner])) return false;
  }
  return true;
}

}  // namespace basewatch::expose
