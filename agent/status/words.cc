#include "agent/status/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"

namespace basewatch::status {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
        out += c;
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

std::string html_with_code(std::string_view text) {
  std::string out;
  const auto parts = split(text, '`');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_code = i % 2 == 1 && i + 1 < parts.size();  // the last one has no end
    if (i % 2 == 1 && !is_code) out += '`';
    out += is_code ? "<code>" + html_text(parts[i]) + "</code>" : html_text(parts[i]);
  }
  return out;
}

std::string span_words(Duration span) {
  const auto total =
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(span).count());
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (total < kMinute) return fmt::format("{} s", total);
  if (total < kHour) return fmt::format("{} min", total / kMinute);
  if (total < kDay) {
    const auto minutes = total % kHour / kMinute;
    return minutes == 0 ? fmt::format("{} h", total / kHour)
                        : fmt::format("{} h {} min", total / kHour, minutes);
  }
  const auto days = total / kDay, hours = total % kDay / kHour;
  const auto text = count_words(static_cast<std::size_t>(days), "day", "days");
  return hours == 0 || days > 9 ? text : fmt::format("{} {} h", text, hours);
}

std::string duration_words(Duration span) {
  const double value = seconds(span);
  if (value < 0.001) return fmt::format("{:.0f} \u00b5s", value * 1e6);
  if (value < 0.01) return fmt::format("{:.1f} ms", value * 1000);
  if (value < 1) return fmt::format("{:.0f} ms", value * 1000);
  return value < 100 ? fmt::format("{:.2f} s", value) : span_words(span);
}

std::string bytes_words(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string count_words(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace basewatch::status
