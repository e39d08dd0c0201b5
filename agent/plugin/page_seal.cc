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

void Page::remove_duplicates(Family& family, std::vector<std::uint32_t>& table) {
  auto& samples = family.samples;
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
  samples_ -= samples.size() - kept;
  samples.resize(kept);
}

// The histogram `a` writes lines called a_count; so does a family a_count. Foreign text may have
// both.
void Page::remove_suffix_collisions() {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    const MetricType type = families_[i].type;
    if (type != MetricType::histogram && type != MetricType::summary) continue;
    for (const auto kind : {SampleKind::bucket, SampleKind::sum, SampleKind::count}) {
      const std::string line = std::string(name(families_[i])).append(sample_suffix(kind));
      const Family* other = find(line);
      if (!other) continue;
      const auto j = static_cast<std::size_t>(other - families_.data());
      Family& first = families_[std::min(i, j)];
      Family& second = families_[std::max(i, j)];
      const auto taking_part = [&](const Family& family, const Sample& sample) {
        return static_cast<SampleKind>(sample.kind) ==
               (&family == &families_[i] ? kind : SampleKind::value);
      };
      std::vector<std::string_view> taken;
      for (const auto& sample : first.samples) {
        if (taking_part(first, sample)) taken.push_back(labels(sample));
      }
      std::ranges::sort(taken);
      samples_ -= std::erase_if(second.samples, [&](const Sample& sample) {
        const bool duplicate =
            taking_part(second, sample) && std::ranges::binary_search(taken, labels(sample));
        if (duplicate) count_duplicate(second, sample);
        return duplicate;
      });
    }
  }
}

void Page::seal() {
  std::vector<std::uint32_t> table;
  for (auto& family : families_) {
    if (family.samples.size() > 1) remove_duplicates(family, table);
  }
  remove_suffix_collisions();
  sorted_ = {};
  renamed_ = {};
}

}  // namespace basewatch
