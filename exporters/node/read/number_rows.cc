#include "exporters/node/read/number_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace basewatch::node {

NumberRows::NumberRows(const Source& source) : source_(source) {
  for_each_row(source, [&](std::string_view key, std::string_view rest) {
    Row row{key, numbers_.size(), 0};
    while (const auto number = parse_uint(next_word(rest))) numbers_.push_back(*number);
    row.size = numbers_.size() - row.begin;
    rows_.push_back(row);
  });
}

const NumberRows::Row* NumberRows::find(std::string_view key) const {
  const auto row = std::ranges::find(rows_, key, &Row::key);
  return row == rows_.end() ? nullptr : &*row;
}

std::span<const std::uint64_t> NumberRows::row(std::string_view key, std::size_t count) const {
  const auto* row = find(key);
  if (!row) return {};
  if (row->size < count) {
    source_.fail(row->key, fmt::format("the row '{}' has {} numbers, and should have {}", key,
                                       row->size, count));
  }
  return numbers(*row).first(count);
}

std::span<const std::uint64_t> NumberRows::counted(std::string_view key) const {
  const auto* row = find(key);
  if (!row) return {};
  const auto all = numbers(*row);
  if (all.empty() || all.front() != all.size() - 1) {
    source_.fail(row->key,
                 fmt::format("the row '{}' does not have as many numbers as it says", key));
  }
  return all.subspan(1);
}

}  // namespace basewatch::node
