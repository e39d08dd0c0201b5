#include "exporters/node/read/bcachefs.h"

#include <fmt/format.h>

#include <cmath>

namespace basewatch::node {
namespace {

constexpr std::string_view kUnits = "kmgtpe";

// Calls visit(first word, rest) for the lines of a table that begins with a heading.
template <typename Visit>
void for_each_below_heading(const Source& source, Visit&& visit) {
  std::string_view rest = source.text, line;
  next_line(rest, line);
  while (next_line(rest, line)) {
    auto name = next_word(line);
    if (name.ends_with(':')) name.remove_suffix(1);
    if (!name.empty() && !trim(line).empty()) visit(name, line);
  }
}

// "name : value"; false when the line is not of this kind.
bool split_pair(std::string_view line, std::string_view& name, std::string_view& value) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  name = trim(line.substr(0, colon));
  value = trim(line.substr(colon + 1));
  return !value.empty();
}

}  // namespace

double bcachefs_bytes(const Source& source, std::string_view word) {
  auto number = word;
  double unit = 1;
  if (!number.empty()) {
    const auto power = kUnits.find(static_cast<char>(number.back() | 0x20));
    if (power != std::string_view::npos) {
      unit = std::pow(1024, static_cast<double>(power) + 1);
      number.remove_suffix(1);
    }
  }
  const auto value = parse_double(trim(number));
  constexpr double kTooLarge = 18446744073709551616.0;
  if (!value || !(*value >= 0) || !(*value * unit < kTooLarge)) {
    source.fail(word, fmt::format("'{}' is no number of bytes", printable(word, 40)));
  }
  return std::trunc(*value * unit);
}

std::vector<BcachefsRow> parse_bcachefs_compression(const Source& source) {
  std::vector<BcachefsRow> rows;
  for_each_below_heading(source, [&](std::string_view name, std::string_view rest) {
    const auto compressed = bcachefs_bytes(source, next_word(rest));
    rows.push_back({name, compressed, bcachefs_bytes(source, next_word(rest))});
  });
  return rows;
}

std::vector<BcachefsRow> parse_bcachefs_writes(const Source& source) {
  std::vector<BcachefsRow> rows;
  for_each_below_heading(source, [&](std::string_view name, std::string_view rest) {
    const auto writes = static_cast<double>(source.whole(next_word(rest)));
    rows.push_back({name, writes, bcachefs_bytes(source, next_word(rest))});
  });
  return rows;
}

std::vector<BcachefsRow> parse_bcachefs_errors(const Source& source) {
  std::vector<BcachefsRow> rows;
  std::string_view text = source.text, line;
  while (next_line(text, line)) {
    const auto name = next_word(line), count = next_word(line);
    if (!count.empty()) rows.push_back({name, static_cast<double>(source.whole(count)), 0});
  }
  return rows;
}

double parse_bcachefs_counter(const Source& source) {
  constexpr std::string_view kCreation = "since filesystem creation:", kMount = "since mount:";
  double since_creation = 0;
  bool is_known = false;
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    if (line.starts_with(kCreation)) {
      since_creation = bcachefs_bytes(source, trim(line.substr(kCreation.size())));
      is_known = true;
    } else if (line.starts_with(kMount)) {
      is_known = true;
    }
  }
  if (!is_known) source.fail(source.text, "this is no counter of bcachefs");
  return since_creation;
}

std::vector<BcachefsIo> parse_bcachefs_io(const Source& source) {
  std::vector<BcachefsIo> rows;
  std::string_view operation, rest = source.text, line;
  while (next_line(rest, line)) {
    const auto whole = trim(line);
    std::string_view type, value;
    if (whole == "read:" || whole == "write:") {
      operation = whole.substr(0, whole.size() - 1);
    } else if (!operation.empty() && split_pair(whole, type, value)) {
      rows.push_back({operation, type, static_cast<double>(source.whole(value))});
    }
  }
  return rows;
}

std::vector<BcachefsRow> parse_bcachefs_io_errors(const Source& source) {
  std::vector<BcachefsRow> rows;
  bool is_wanted = false;
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    std::string_view type, value;
    if (line.starts_with("IO errors since ")) {
      if (is_wanted) break;
      is_wanted = line.starts_with("IO errors since filesystem creation");
      if (!is_wanted) break;
    } else if (is_wanted && split_pair(line, type, value)) {
      rows.push_back({type, static_cast<double>(source.whole(value)), 0});
    }
  }
  return rows;
}

}  // namespace basewatch::node
