// Page::seal: every series stands once.
#include <algorithm>
#include <bit>

#include "agent/plugin/page.h"

namespace basewatch {
namespace {

// Below this many samples comparing each with each is cheaper than a table.
constexpr std::size_t kFew = 8;

bool same_line(SampleKind a, SampleKind b) {
  return sample_suffix(a) == sample_suffix(b);
}

}  // namespace

void Page::count_duplicate(const Family& family, const Sample& sample) {
  if (duplicates_++ > 0) return;
  first_duplicate_.append(name(family)).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
  first_duplicate_.append("{").append(labels(sample)).append("}");
}

// Each family's samples, in the order in which they came. Most collectors add family by family: then
// they stand so already.
std::vector<Page::Samples> Page::gather() {
  std::vector<std::size_t> ends(families_.size(), 0);
  for (const auto family : family_of_) ++ends[family];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  if (!std::ranges::is_sorted(family_of_)) {
    std::vector<Sample> gathered(samples_.size());
    auto places = ends;
    for (std::size_t i = samples_.size(); i-- > 0;) gathered[--places[family_of_[i]]] = samples_[i];
    samples_ = std::move(gathered);
  } else if (samples_.capacity() - samples_.size() > samples_.size() / 4) {
    samples_.shrink_to_fit();  // it is kept until the next run
  }
  family_of_ = {};
  std::vector<Samples> all;
  all.reserve(ends.size());
  std::size_t begin = 0;
  for (const auto end : ends) {
    all.push_back(Samples(samples_).subspan(begin, end - begin));
    begin = end;
  }
  return all;
}

void Page::remove_duplicates(const Family& family, Samples& samples,
                             std::vector<std::uint32_t>& table) {
  const auto equal = [this](const Sample& a, const Sample& b) {
    return a.hash == b.hash &&
           same_line(static_cast<SampleKind>(a.kind), static_cast<SampleKind>(b.kind)) &&
           labels(a) == labels(b);
  };
  std::size_t kept = 0;
  const auto keep = [&](std::size_t i) {
    if (kept != i) samples[kept] = samples[i];
    ++kept;
  };
  if (samples.size() <= kFew) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto end = samples.begin() + static_cast<std::ptrdiff_t>(kept);
      if (std::any_of(samples.begin(), end, [&](const auto& s) { return equal(s, samples[i]); })) {
        count_duplicate(family, samples[i]);
      } else {
        keep(i);
      }
    }
  } else {
    table.assign(std::bit_ceil(samples.size() * 2), 0);
    const std::size_t mask = table.size() - 1;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      std::size_t slot = samples[i].hash & mask;
      while (table[slot] != 0 && !equal(samples[table[slot] - 1], samples[i])) {
        slot = (slot + 1) & mask;
      }
      if (table[slot] != 0) {
        count_duplicate(family, samples[i]);
        continue;
      }
      table[slot] = static_cast<std::uint32_t>(kept + 1);
      keep(i);
    }
  }
  count_ -= samples.size() - kept;
  samples = samples.first(kept);
}

// The histogram `a` writes lines called a_count; so does a family a_count. Foreign text may have
// both.
void Page::remove_suffix_collisions(std::vector<Samples>& all) {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    const MetricType type = families_[i].type;
    if (type != MetricType::histogram && type != MetricType::summary) continue;
    for (const auto kind : {SampleKind::bucket, SampleKind::sum, SampleKind::count}) {
      const std::string line = std::string(name(families_[i])).append(sample_suffix(kind));
      const Family* other = find(line);
      if (!other) continue;
      const auto j = static_cast<std::size_t>(other - families_.data());
      const auto first = std::min(i, j), second = std::max(i, j);
      const auto taking_part = [&](std::size_t family, const Sample& sample) {
        return static_cast<SampleKind>(sample.kind) == (family == i ? kind : SampleKind::value);
      };
      std::vector<std::string_view> taken;
      for (const auto& sample : all[first]) {
        if (taking_part(first, sample)) taken.push_back(labels(sample));
      }
      std::ranges::sort(taken);
      const auto gone = std::ranges::remove_if(all[second], [&](const Sample& sample) {
        const bool duplicate =
            taking_part(second, sample) && std::ranges::binary_search(taken, labels(sample));
        if (duplicate) count_duplicate(families_[second], sample);
        return duplicate;
      });
      count_ -= gone.size();
      all[second] = all[second].first(all[second].size() - gone.size());
    }
  }
}

void Page::seal() {
  if (sealed_) return;
  auto all = gather();
  std::vector<std::uint32_t> table;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size() > 1) remove_duplicates(families_[i], all[i], table);
  }
  remove_suffix_collisions(all);
  for (std::size_t i = 0; i < all.size(); ++i) families_[i].samples = all[i];
  sorted_ = {};
  renamed_ = {};
  sealed_ = true;
}

}  // namespace basewatch
