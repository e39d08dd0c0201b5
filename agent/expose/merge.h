#pragma once

#include <algorithm>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agent/expose/text.h"

namespace basewatch::expose {

// The sealed pages of an answer as one set of families in order of name, before any format: whose
// series stand together, and which are dropped because an earlier part has them. The parts outlive
// it. One thread.
class Merge {
 public:
  // A part as it is written; sources of one owner are those whose series can be equal.
  struct Source {
    const Page* page;
    std::string_view block;  // the target's labels
    std::size_t owner;
  };
  struct Entry {
    std::string_view name;
    std::size_t source;
    const Page::Family* family;
    std::uint64_t key = 0;  // how the name goes on where the names begin to differ: it sorts quickly
  };
  // The families of one name. The first one's type holds; what has another is dropped.
  struct Group {
    std::span<const Entry> entries;
    bool may_repeat = false;  // two of the same owner
    std::string_view name() const { return entries.front().name; }
    MetricType type() const { return entries.front().family->type; }
  };

  static constexpr std::uint8_t kAllKinds = 0xff;
  static constexpr std::uint8_t bit(SampleKind kind) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(kind));
  }

  explicit Merge(std::span<const Part> parts);
  Merge(const Merge&) = delete;

  const std::vector<Group>& groups() const { return groups_; }
  const Source& source(const Entry& entry) const { return sources_[entry.source]; }
  std::string_view help(const Group& group) const;    // the first that is not empty
  std::size_t estimate() const { return estimate_; }  // of the text's size

  // Calls begin(entry) for each family and take(sample, labels) for each series of it that is kept,
  // of the given kinds. Series that are left out are counted; so visit each kind once.
  template <typename Begin, typename Take>
  void visit(const Group& group, std::uint8_t kinds, Begin&& begin, Take&& take) {
    seen_.clear();
    for (const auto& entry : group.entries) {
      const bool fits = entry.family->type == group.type();
      if (fits) begin(entry);
      const Page& page = *source(entry).page;
      for (const auto& sample : entry.family->samples) {
        if (!(kinds >> sample.kind & 1)) continue;
        if (fits && (!group.may_repeat || is_new(entry, sample))) {
          ++written_.series;
          take(sample, page.labels(sample));
        } else {
          drop(entry, sample);
        }
      }
    }
  }

  Written written() { return std::move(written_); }

 private:
  // A series within its family: of whom, which line, which labels.
  struct Series {
    std::size_t owner;
    std::string_view suffix, labels;
    std::uint64_t hash;
    bool operator==(const Series& other) const {
      return hash == other.hash && owner == other.owner && suffix == other.suffix &&
             labels == other.labels;
    }
  };
  struct SeriesHash {
    std::size_t operator()(const Series& series) const { return series.hash + series.owner; }
  };

  void add_part(const Part& part);
  void count_dropped(const Page& copy);
  void sort_entries();
  void make_groups();
  bool is_new(const Entry& entry, const Page::Sample& sample);
  void drop(const Entry& entry, const Page::Sample& sample);

  std::vector<Source> sources_;
  std::deque<Page> copies_;
  std::vector<Entry> entries_;
  std::vector<Group> groups_;
  std::size_t estimate_ = 0;
  std::unordered_set<Series, SeriesHash> seen_;
  Written written_;
};

}  // namespace basewatch::expose
