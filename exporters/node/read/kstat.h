#pragma once

#include <optional>
#include <string_view>

#include "exporters/node/read/source.h"

// The statistics of ZFS: /proc/spl/kstat/zfs.
namespace basewatch::node {

// A row of a file "name type data".
struct KstatRow {
  std::string_view name;
  std::string_view text;        // the value as it is written; of a text the rest of the line
  std::optional<double> value;  // of the types int64 and uint64
};

// Takes the heading of such a file off the front of the text; throws ReadError when there is none.
std::string_view kstat_rows(const Source& source);

// Takes the next row off the front; nothing at the end.
std::optional<KstatRow> next_kstat_row(const Source& source, std::string_view& rest);

// Calls visit(name, value) for each column of a pool's file `io`: a line of names and a line of
// numbers.
template <typename Visit>
void for_each_pool_counter(const Source& source, Visit&& visit) {
  std::string_view rest = source.text, names, numbers;
  next_line(rest, names);  // the kstat's own heading
  if (!next_line(rest, names) || !next_line(rest, numbers)) {
    source.fail(rest, "the line of numbers is missing");
  }
  for (auto name = next_word(names); !name.empty(); name = next_word(names)) {
    visit(name, static_cast<double>(source.whole(next_word(numbers))));
  }
}

}  // namespace basewatch::node
