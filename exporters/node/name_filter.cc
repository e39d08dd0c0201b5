#include "exporters/node/name_filter.h"

namespace basewatch::node {

bool RowFilter::accepts(std::size_t row, std::string_view name) {
  if (row >= rows_.size()) rows_.resize(row + 1);
  auto& [known, is_wanted] = rows_[row];
  if (known != name) {
    known = name;
    is_wanted = filter_.accepts(name);
  }
  return is_wanted;
}

}  // namespace basewatch::node
