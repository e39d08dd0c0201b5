#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "agent/base/strings.h"
#include "catalog/load/routing.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

constexpr auto kWeekdays = std::to_array<std::string_view>(
    {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"});
constexpr auto kMonths =
    std::to_array<std::string_view>({"january", "february", "march", "april", "may", "june", "july",
                                     "august", "september", "october", "november", "december"});

// "08:30" as minutes of the day; 24:00 is the end of it.
std::optional<int> parse_clock(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(text[0]) || !digit(text[1]) || !digit(text[3]) ||
      !digit(text[4])) {
    return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return hour * 60 + minute;
}

// One kind of range in a span: which words and numbers may stand there, and an example.
struct RangeKind {
  std::string_view key, example;
  std::span<const std::string_view> words;
  int first_word, least, most;
  bool from_the_end;  // -1 is the last day of a month
};

constexpr RangeKind kRangeKinds[] = {
    {"weekdays", "monday:friday", kWeekdays, 0, 1, 0, false},
    {"days_of_month", "1:7 or -1", {}, 0, 1, 31, true},
    {"months", "march:may", kMonths, 1, 1, 12, false},
    {"years", "2026:2027", {}, 0, 1970, 9999, false},
};

std::optional<int> parse_bound(std::string_view text, const RangeKind& kind) {
  for (std::size_t i = 0; i < kind.words.size(); ++i) {
    if (kind.words[i] == text) return static_cast<int>(i) + kind.first_word;
  }
  const auto number = parse_int(text);
  if (!number) return std::nullopt;
  const bool forward = *number >= kind.least && *number <= kind.most;
  const bool backward = kind.from_the_end && *number <= -kind.least && *number >= -kind.most;
  if (!forward && !backward) return std::nullopt;
  return static_cast<int>(*number);
}

bool is_range(std::string_view text, const RangeKind& kind) {
  const auto colon = text.find(':');
  const auto begin = parse_bound(text.substr(0, colon), kind);
  if (colon == text.npos || !begin) return begin.has_value();
  const auto end = parse_bound(text.substr(colon + 1), kind);
  // From the 20th to the -1st is fine; from the -1st to the 20th is backwards in every month.
  return end && ((*begin < 0) == (*end < 0) ? *begin <= *end : *begin > 0);
}

void read_times(yaml::Mapping& entry, TimeSpan& span, Diagnostics& diagnostics) {
  for (const auto& text : entry.strings("times")) {
    const auto dash = text.find('-');
    const auto begin = parse_clock(std::string_view(text).substr(0, dash));
    const auto end =
        dash == text.npos ? std::nullopt : parse_clock(std::string_view(text).substr(dash + 1));
    if (!begin || !end) {
      diagnostics.error(entry.where("times"), fmt::format("times must be like \"08:00-18:00\", not "
                                                          "'{}'",
                                                          printable(text)));
    } else if (*begin >= *end) {
      diagnostics.error(
          entry.where("times"),
          fmt::format("'{}' does not end after it begins: what crosses midnight is two "
                      "entries, as in \"22:00-24:00\" and \"00:00-06:00\"",
                      printable(text)));
    } else {
      span.times.push_back({*begin, *end});
    }
  }
}

TimeSpan read_span(const yaml::Node& node, Diagnostics& diagnostics) {
  yaml::Mapping entry(node, "a span", diagnostics);
  TimeSpan span;
  read_times(entry, span, diagnostics);
  for (const auto& kind : kRangeKinds) {
    auto ranges = entry.strings(kind.key);
    for (const auto& range : ranges) {
      if (is_range(range, kind)) continue;
      diagnostics.error(entry.where(kind.key),
                        fmt::format("'{}' is no range of {}: write one as in {}", printable(range),
                                    kind.key, kind.example));
    }
    (kind.key == "weekdays"        ? span.weekdays
     : kind.key == "days_of_month" ? span.days_of_month
     : kind.key == "months"        ? span.months
                                   : span.years) = std::move(ranges);
  }
  if (node.kind == yaml::Kind::mapping && node.entries.empty()) {
    diagnostics.error(node.where,
                      "an empty span would be always: write times, weekdays, "
                      "days_of_month, months or years");
  }
  entry.finish();
  return span;
}

}  // namespace

std::vector<TimeSpan> read_spans(const yaml::Node& list, Diagnostics& diagnostics) {
  std::vector<TimeSpan> spans;
  if (list.kind != yaml::Kind::sequence) {
    diagnostics.error(list.where,
                      "the times of an interval must be a list of spans, each with a "
                      "'-'; an empty list, [], means never");
    return spans;
  }
  for (const auto& item : list.items) spans.push_back(read_span(item, diagnostics));
  return spans;
}

// Alertmanager refuses a whole configuration for a zone that it does not know, so a zone is looked
// up here where this machine has the list.
void read_time_zone(yaml::Mapping& mapping, std::string& zone, Diagnostics& diagnostics) {
  if (!mapping.find("time_zone")) return;
  const auto name = mapping.string("time_zone");
  const auto part = [](char c) {
    return is_label_name(std::string_view(&c, 1)) || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '+';
  };
  static const fs::path kZones = "/usr/share/zoneinfo";
  std::error_code ignored;
  const bool shaped = !name.empty() && std::ranges::all_of(name, part) && !name.starts_with('/');
  const bool known = name == "UTC" || !fs::is_directory(kZones, ignored) ||
                     (shaped && fs::is_regular_file(kZones / name, ignored));
  if (!shaped || !known) {
    diagnostics.error(mapping.where("time_zone"),
                      fmt::format("there is no time zone '{}': write a name such as Europe/Berlin, "
                                  "or UTC",
                                  printable(name)));
    return;
  }
  zone = name;
}

}  // namespace basewatch::catalog
