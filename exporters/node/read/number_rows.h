#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// One of a row's numbers; what this kernel does not know has happened 0 times.
inline double number_at(std::span<const std::uint64_t> numbers, std::size_t i) {
  return i < numbers.size() ? static_cast<double>(numbers[i]) : 0;
}

// A text of rows `key number number ...`, as the statistics of NFS and XFS are. A row ends at its
// first word that is no whole number: some carry decimals that nobody uses. The text must live as
// long as this.
class NumberRows {
 public:
  explicit NumberRows(const Source& source);

  bool has(std::string_view key) const { return find(key) != nullptr; }

  // The first `count` numbers of a row. Nothing when there is no such row, which is a kernel that
  // was built without it; throws ReadError when the row is shorter.
  std::span<const std::uint64_t> row(std::string_view key, std::size_t count) const;

  // The numbers of a row `key N n1 ... nN`; throws ReadError when there are not N.
  std::span<const std::uint64_t> counted(std::string_view key) const;

 private:
  struct Row {
    std::string_view key;
    std::size_t begin, size;  // in numbers_
  };
  const Row* find(std::string_view key) const;
  std::span<const std::uint64_t> numbers(const Row& row) const {
    return std::span(numbers_).subspan(row.begin, row.size);
  }

  Source source_;
  std::vector<Row> rows_;
  std::vector<std::uint64_t> numbers_;
};

}  // namespace basewatch::node
