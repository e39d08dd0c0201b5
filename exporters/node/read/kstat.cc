#include "exporters/node/read/kstat.h"

#include <fmt/format.h>

namespace basewatch::node {
namespace {

constexpr std::string_view kInt64 = "3", kUint64 = "4";

std::optional<double> value_of(const Source& source, std::string_view type, std::string_view text) {
  if (type == kUint64) return static_cast<double>(source.whole(text));
  if (type != kInt64) return std::nullopt;
  const auto number = parse_int(text);
  if (!number) {
    source.fail(text, fmt::format("'{}' is no whole number", printable(text, 40)));
  }
  return static_cast<double>(*number);
}

}  // namespace

std::string_view kstat_rows(const Source& source) {
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    if (next_word(line) == "name" && next_word(line) == "type" && next_word(line) == "data") {
      return rest;
    }
  }
  source.fail(source.text, "the heading 'name type data' is missing");
}

std::optional<KstatRow> next_kstat_row(const Source& source, std::string_view& rest) {
  std::string_view line;
  while (next_line(rest, line)) {
    KstatRow row;
    row.name = next_word(line);
    const auto type = next_word(line);
    row.text = trim(line);
    if (row.text.empty()) continue;
    row.value = value_of(source, type, next_word(line));
    return row;
  }
  return std::nullopt;
}

}  // namespace basewatch::node
