#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/metric.h"

namespace basewatch {

// Thrown by Page::add when a collector would exceed the page's limits; the run has then failed.
class PageTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct PageLimits {
  std::size_t samples = 1'000'000;
  std::size_t bytes = 256u << 20;
};

// Which line of its family a sample is. Histograms and summaries are several lines a series.
enum class SampleKind : std::uint8_t { value, bucket, sum, count, quantile };

constexpr std::string_view sample_suffix(SampleKind kind) {
  constexpr std::string_view kSuffixes[] = {"", "_bucket", "_sum", "_count", ""};
  return kSuffixes[static_cast<std::size_t>(kind)];
}

struct HistogramValue {
  std::span<const double> bounds;      // ascending, without +Inf
  std::span<const double> cumulative;  // one per bound, and one more for +Inf
  double sum = 0;
};

struct SummaryValue {
  std::span<const std::pair<double, double>> quantiles;  // quantile, value
  double sum = 0;
  double count = 0;
};

// What one collector run produced: families of samples, all text in one arena.
//
// Labels are kept as they will be written: `cpu="0",mode="idle"`, escaped, in order of name (le and
// quantile last). So a page is rendered by copying, and two series are the same when their bytes
// are.
//
// One owner fills it, calls seal(), and hands it on as shared_ptr<const Page>; a sealed page may be
// read from any thread, and nothing can be added to it. Text given to add() is copied. Invalid
// UTF-8 becomes U+FFFD.
class Page {
 public:
  struct Sample {
    double value;
    std::uint64_t hash;           // of kind and labels: equal series have equal hashes
    std::uint32_t labels_offset;  // into the arena
    std::uint32_t labels_size : 29;
    std::uint32_t kind : 3;  // SampleKind
  };
  struct Family {
    std::uint32_t name_offset, name_size, help_offset, help_size;
    MetricType type;
    std::span<const Sample> samples;  // in the order in which they came; known after seal()
  };
  using Label = std::pair<std::string_view, std::string_view>;

  explicit Page(PageLimits limits = {}) : limits_(limits) {}
  Page(Page&&) = default;
  Page& operator=(Page&&) = default;

  // Makes room for as much as this page has: the next run's is mostly as large.
  void reserve_like(const Page& before);

  // A metric of the catalog; the label values in the order in which the catalog names the labels.
  template <std::size_t N, std::convertible_to<std::string_view>... L>
  requires(sizeof...(L) == N) void add(const Metric<N>& metric, double value, const L&... labels) {
    const std::array<std::string_view, N> values{std::string_view(labels)...};
    add_ordered(metric.type, metric.name, metric.help, metric.labels, metric.by_name, values,
                value);
  }
  template <std::size_t N, std::convertible_to<std::string_view>... L>
  requires(sizeof...(L) == N) void add(const Metric<N>& metric, const HistogramValue& value,
                                       const L&... labels) {
    const std::array<std::string_view, N> values{std::string_view(labels)...};
    add_histogram(metric.spec(), value, values);
  }
  template <std::size_t N, std::convertible_to<std::string_view>... L>
  requires(sizeof...(L) == N) void add(const Metric<N>& metric, const SummaryValue& value,
                                       const L&... labels) {
    const std::array<std::string_view, N> values{std::string_view(labels)...};
    add_summary(metric.spec(), value, values);
  }

  // A member of a dynamic family: add(metrics::node::vmstat, "pgfault", 1234). A field that makes
  // no valid metric name has every bad character replaced by '_'.
  template <std::size_t N, std::convertible_to<std::string_view>... L>
  requires(sizeof...(L) == N) void add(const basewatch::Family<N>& family, std::string_view field,
                                       double value, const L&... labels) {
    const std::array<std::string_view, N> values{std::string_view(labels)...};
    add_member(family.spec, family.labels, family.by_name, field, values, value);
  }

  // Metrics declared at run time, by a user's site or a table: values in the order of spec.labels.
  void add(const MetricSpec& spec, double value, std::span<const std::string_view> labels = {});
  void add_histogram(const MetricSpec& spec, const HistogramValue& value,
                     std::span<const std::string_view> labels = {});
  void add_summary(const MetricSpec& spec, const SummaryValue& value,
                   std::span<const std::string_view> labels = {});

  // Series that come from elsewhere with names and labels of their own (textfile, Kong). Labels may
  // come in any order; job, instance and node become exported_<label>, as Prometheus does it. For
  // kinds bucket and quantile, le or quantile is among the labels. The first type and help win.
  void add_foreign(MetricType type, std::string_view family, std::string_view help, SampleKind kind,
                   std::span<const Label> labels, double value);

  // Brings each family's samples together, removes every sample whose series is on the page already
  // (the first stays) and remembers how many these were. Call it when the page is complete.
  void seal();
  bool is_sealed() const { return sealed_; }

  std::span<const Family> families() const { return families_; }  // in order of first appearance
  std::string_view name(const Family& family) const {
    return text(family.name_offset, family.name_size);
  }
  std::string_view help(const Family& family) const {
    return text(family.help_offset, family.help_size);
  }
  std::string_view labels(const Sample& sample) const {
    return text(sample.labels_offset, sample.labels_size);
  }
  const Family* find(std::string_view name) const;

  std::size_t samples() const { return count_; }
  std::size_t bytes() const { return arena_.size(); }
  std::size_t duplicates() const { return duplicates_; }            // known after seal()
  std::string first_duplicate() const { return first_duplicate_; }  // "name{labels}", for the log

 private:
  std::string_view text(std::uint32_t offset, std::uint32_t size) const {
    return {arena_.data() + offset, size};
  }
  void add_ordered(MetricType type, std::string_view name, std::string_view help,
                   std::span<const std::string_view> names, std::span<const std::uint8_t> by_name,
                   std::span<const std::string_view> values, double value);
  void add_member(const FamilySpec& spec, std::span<const std::string_view> names,
                  std::span<const std::uint8_t> by_name, std::string_view field,
                  std::span<const std::string_view> values, double value);

  // Labels that are only known now: brought into sorted_, in order, under names they may have.
  void sort_labels(std::string_view metric, const MetricSpec& spec,
                   std::span<const std::string_view> values);
  void sort_labels(std::string_view metric, std::span<const Label> labels, std::string_view last);
  void put_in_order(std::string_view metric, std::string_view last);
  void write_sorted_labels();

  // Its position. What comes next is pushed to it.
  std::size_t family(MetricType type, std::string_view name, std::string_view help);
  void expect_type(const Family& family, MetricType type) const;
  std::size_t slot_of(std::string_view name) const;
  void grow_index();
  void expect_room(std::size_t bytes) const;
  void append_label(std::string_view name, std::string_view value);
  void append_bound(std::size_t labels_begin, std::string_view name, double bound);
  void push(std::size_t family, SampleKind kind, std::size_t labels_begin, std::size_t labels_end,
            double value);

  using Samples = std::span<Sample>;
  std::vector<Samples> gather();
  void remove_duplicates(const Family& family, Samples& samples,
                         std::vector<std::uint32_t>& table);
  void remove_suffix_collisions(std::vector<Samples>& all);
  void count_duplicate(const Family& family, const Sample& sample);

  PageLimits limits_;
  std::string arena_;
  std::vector<Family> families_;
  std::vector<Sample> samples_;           // of all families: one block of memory, not one for each
  std::vector<std::uint32_t> family_of_;  // the sample's; until seal()
  std::vector<std::uint32_t>
      index_;                    // open addressing over family names; 0 is empty, else position + 1
  std::size_t last_family_ = 0;  // collectors add runs of one family
  std::vector<Label> sorted_;    // scratch of the run-time forms
  std::vector<std::string> renamed_;  // holds the names in sorted_ that had to change
  std::size_t count_ = 0;
  bool sealed_ = false;
  std::size_t duplicates_ = 0;
  std::string first_duplicate_;
};

}  // namespace basewatch
