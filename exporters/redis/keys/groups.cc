#include "exporters/redis/keys/groups.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "agent/base/strings.h"

namespace basewatch::redis {
namespace {

// The order in which the peer keeps groups: by memory, the bigger first; equal ones by fewer keys.
bool before(const KeyGroup& a, const KeyGroup& b) {
  if (a.bytes != b.bytes) return a.bytes > b.bytes;
  if (a.keys != b.keys) return a.keys < b.keys;
  return a.name < b.name;
}

// FNV leaves the high bits of short texts alike; this spreads them.
std::uint64_t spread(std::uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdull;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return hash ^ (hash >> 33);
}

}  // namespace

void DistinctCount::add(std::string_view text) {
  const auto hash = spread(hash_bytes(text));
  auto& kept = registers_[hash >> 52];
  const auto rank = static_cast<std::uint8_t>(std::countl_zero((hash << 12) | 1) + 1);
  kept = std::max(kept, rank);
}

double DistinctCount::estimate() const {
  constexpr double kSize = 4096;
  double sum = 0;
  std::size_t empty = 0;
  for (const auto rank : registers_) {
    sum += std::ldexp(1.0, -rank);
    if (rank == 0) ++empty;
  }
  const double raw = 0.7213 / (1 + 1.079 / kSize) * kSize * kSize / sum;
  if (raw <= 2.5 * kSize && empty > 0) {
    return std::round(kSize * std::log(kSize / static_cast<double>(empty)));
  }
  return std::round(raw);
}

void GroupTable::add(std::string_view name, std::uint64_t bytes) {
  name = name.substr(0, kLongestName);
  names_.add(name);
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostTracked) shrink();
    found = groups_.emplace(name, KeyGroup{std::string(name), 0, 0}).first;
  }
  ++found->second.keys;
  found->second.bytes += bytes;
}

std::vector<KeyGroup> GroupTable::sorted() const {
  std::vector<KeyGroup> out;
  out.reserve(groups_.size());
  for (const auto& [name, group] : groups_) out.push_back(group);
  std::ranges::sort(out, before);
  return out;
}

void GroupTable::shrink() {
  shrunk_ = true;
  const auto all = sorted();
  for (std::size_t i = all.size() / 2; i < all.size(); ++i) {
    overflow_.keys += all[i].keys;
    overflow_.bytes += all[i].bytes;
    groups_.erase(all[i].name);
  }
}

std::vector<KeyGroup> GroupTable::top(std::size_t most) const {
  auto out = sorted();
  auto rest = overflow_;
  for (std::size_t i = most; i < out.size(); ++i) {
    rest.keys += out[i].keys;
    rest.bytes += out[i].bytes;
  }
  out.resize(std::min(out.size(), most));
  if (rest.keys > 0) out.push_back(std::move(rest));
  return out;
}

double GroupTable::distinct() const {
  return shrunk_ ? std::max(names_.estimate(), static_cast<double>(groups_.size()))
                 : static_cast<double>(groups_.size());
}

}  // namespace basewatch::redis
