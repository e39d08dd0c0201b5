// The forms of Page::add whose labels are only known at run time.
#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/plugin/page.h"

namespace basewatch {
namespace {

constexpr std::string_view kExported = "exported_";

bool belongs_to_target(std::string_view label) {
  return label == "job" || label == "instance" || label == "node";
}

}  // namespace

void Page::sort_labels(std::string_view metric, const MetricSpec& spec,
                       std::span<const std::string_view> values) {
  if (values.size() != spec.labels.size()) {
    throw std::invalid_argument(fmt::format("{} has {} labels, but {} values were given", metric,
                                            spec.labels.size(), values.size()));
  }
  sorted_.clear();
  for (std::size_t i = 0; i < values.size(); ++i) sorted_.emplace_back(spec.labels[i], values[i]);
  put_in_order(metric, {});
}

void Page::sort_labels(std::string_view metric, std::span<const Label> labels,
                       std::string_view last) {
  sorted_.assign(labels.begin(), labels.end());
  put_in_order(metric, last);
}

// Renames what belongs to the target, sorts by name with `last` behind, and refuses what is no set
// of labels. sorted_ holds views: into the caller's text, and into renamed_.
void Page::put_in_order(std::string_view metric, std::string_view last) {
  renamed_.clear();
  std::size_t renames = 0;
  for (const auto& [name, value] : sorted_) {
    if (!is_label_name(name)) {
      throw std::invalid_argument(fmt::format(
          "{}: \"{}\" is no label name: it takes letters, digits and '_', and no digit in "
          "front",
          metric, printable(name)));
    }
    if (name == "__name__") {
      throw std::invalid_argument(fmt::format("{}: the label name __name__ is reserved", metric));
    }
    renames += belongs_to_target(name) ? 1 : 0;
  }
  const auto order = [last](const Label& a, const Label& b) {
    if ((a.first == last) != (b.first == last)) return b.first == last;
    return a.first < b.first;
  };
  std::ranges::sort(sorted_, order);
  for (std::size_t i = 1; i < sorted_.size(); ++i) {
    if (sorted_[i - 1].first == sorted_[i].first) {
      throw std::invalid_argument(
          fmt::format("{} has the label {} twice in one series", metric, sorted_[i].first));
    }
  }
  if (renames == 0) return;

  renamed_.reserve(renames);  // views into it must stay
  for (auto& label : sorted_) {
    if (!belongs_to_target(label.first)) continue;
    std::string name(label.first);
    do {
      name.insert(0, kExported);
    } while (std::ranges::find(sorted_, std::string_view(name), &Label::first) != sorted_.end());
    label.first = renamed_.emplace_back(std::move(name));
  }
  std::ranges::sort(sorted_, order);
}

void Page::write_sorted_labels() {
  const std::size_t begin = arena_.size();
  for (const auto& [name, value] : sorted_) {
    if (arena_.size() > begin) arena_ += ',';
    append_label(name, value);
  }
}

void Page::add(const MetricSpec& spec, double value, std::span<const std::string_view> labels) {
  sort_labels(spec.name, spec, labels);
  const auto target = family(spec.type, spec.name, spec.help);
  const std::size_t begin = arena_.size();
  write_sorted_labels();
  push(target, SampleKind::value, begin, arena_.size(), value);
}

void Page::expect_type(const Family& family, MetricType type) const {
  if (family.type == type) return;
  throw std::invalid_argument(
      fmt::format("{} has the type {} on this page, and was given the value of a {}", name(family),
                  type_name(family.type), type_name(type)));
}

void Page::add_histogram(const MetricSpec& spec, const HistogramValue& value,
                         std::span<const std::string_view> labels) {
  if (value.cumulative.size() != value.bounds.size() + 1) {
    throw std::invalid_argument(fmt::format(
        "{}: {} bounds take {} cumulative counts, the last for +Inf, but {} were given", spec.name,
        value.bounds.size(), value.bounds.size() + 1, value.cumulative.size()));
  }
  sort_labels(spec.name, spec, labels);
  if (std::ranges::find(sorted_, "le", &Label::first) != sorted_.end()) {
    throw std::invalid_argument(
        fmt::format("{} is a histogram: the label le belongs to its buckets", spec.name));
  }
  const auto target = family(spec.type, spec.name, spec.help);
  expect_type(families_[target], MetricType::histogram);
  const std::size_t begin = arena_.size();
  write_sorted_labels();
  const std::size_t end = arena_.size();
  std::size_t start = begin;
  for (std::size_t i = 0; i < value.cumulative.size(); ++i) {
    if (i > 0) {
      start = arena_.size();
      expect_room(end - begin);
      arena_.append(arena_, begin, end - begin);
    }
    append_bound(
        start, "le",
        i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity());
    push(target, SampleKind::bucket, start, arena_.size(), value.cumulative[i]);
  }
  // Their labels are the beginning of the first bucket's.
  push(target, SampleKind::sum, begin, end, value.sum);
  push(target, SampleKind::count, begin, end, value.cumulative.back());
}

void Page::add_summary(const MetricSpec& spec, const SummaryValue& value,
                       std::span<const std::string_view> labels) {
  sort_labels(spec.name, spec, labels);
  if (std::ranges::find(sorted_, "quantile", &Label::first) != sorted_.end()) {
    throw std::invalid_argument(
        fmt::format("{} is a summary: the label quantile belongs to its quantiles", spec.name));
  }
  const auto target = family(spec.type, spec.name, spec.help);
  expect_type(families_[target], MetricType::summary);
  const std::size_t begin = arena_.size();
  write_sorted_labels();
  const std::size_t end = arena_.size();
  std::size_t start = begin;
  for (const auto& [quantile, number] : value.quantiles) {
    if (arena_.size() > end) {
      start = arena_.size();
      expect_room(end - begin);
      arena_.append(arena_, begin, end - begin);
    }
    append_bound(start, "quantile", quantile);
    push(target, SampleKind::quantile, start, arena_.size(), number);
  }
  push(target, SampleKind::sum, begin, end, value.sum);
  push(target, SampleKind::count, begin, end, value.count);
}

void Page::add_foreign(MetricType type, std::string_view name, std::string_view help,
                       SampleKind kind, std::span<const Label> labels, double value) {
  const Family* known = find(name);
  if (known) type = known->type;
  const bool has_quantile = std::ranges::find(labels, "quantile", &Label::first) != labels.end();
  std::string line_name;
  if (kind == SampleKind::value || kind == SampleKind::quantile) {
    const bool quantile = type == MetricType::summary && has_quantile;
    kind = quantile ? SampleKind::quantile : SampleKind::value;
  } else if (!(type == MetricType::histogram ||
               (type == MetricType::summary && kind != SampleKind::bucket))) {
    // The family is known as something that has no such line, so the line stands for itself.
    line_name = std::string(name).append(sample_suffix(kind));
    name = line_name;
    help = {};
    type = MetricType::untyped;
    kind = SampleKind::value;
  }
  const std::string_view last = kind == SampleKind::bucket     ? "le"
                                : kind == SampleKind::quantile ? "quantile"
                                                               : "";
  sort_labels(name, labels, last);
  const auto target = family(type, name, help);
  const std::size_t begin = arena_.size();
  write_sorted_labels();
  push(target, kind, begin, arena_.size(), value);
}

}  // namespace basewatch
