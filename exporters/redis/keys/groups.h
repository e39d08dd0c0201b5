#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace basewatch::redis {

struct KeyGroup {
  std::string name;
  std::uint64_t keys = 0, bytes = 0;
};

// Counts distinct texts in 4 KiB, to about 1.6 %.
class DistinctCount {
 public:
  void add(std::string_view text);
  double estimate() const;

 private:
  std::array<std::uint8_t, 4096> registers_{};
};

// Keys and memory of each group, in memory that does not grow with the number of groups: beyond
// kMostTracked names the smallest half goes into the overflow. Exact as long as there are fewer.
class GroupTable {
 public:
  static constexpr std::size_t kMostTracked = 10'000, kLongestName = 256;

  void add(std::string_view name, std::uint64_t bytes);
  // The groups with the most memory, and of the rest one named "overflow", if there is a rest.
  std::vector<KeyGroup> top(std::size_t most) const;
  double distinct() const;

 private:
  void shrink();
  std::vector<KeyGroup> sorted() const;

  std::map<std::string, KeyGroup, std::less<>> groups_;
  KeyGroup overflow_{"overflow", 0, 0};
  DistinctCount names_;
  bool shrunk_ = false;
};

}  // namespace basewatch::redis
