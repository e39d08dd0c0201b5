#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin/name_filter.h"

namespace basewatch::node {

using basewatch::NameFilter;
using basewatch::WholeNameFilter;

// A NameFilter for the rows of a table that the kernel writes in the same order every time: the
// expression is asked once for each place, and again when another name stands there. One thread at
// a time.
class RowFilter {
 public:
  explicit RowFilter(NameFilter filter) : filter_(std::move(filter)) {}

  // `row` counts the rows of a scrape from 0.
  bool accepts(std::size_t row, std::string_view name);

 private:
  NameFilter filter_;
  std::vector<std::pair<std::string, bool>> rows_;
};

}  // namespace basewatch::node
