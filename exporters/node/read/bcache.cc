#include "exporters/node/read/bcache.h"

#include <cmath>

#include "agent/base/strings.h"

namespace basewatch::node {
namespace {

// 1 for a digit at the end; nothing for a letter that bcache does not write.
std::optional<double> factor_of(char last) {
  if (last >= '0' && last <= '9') return 1;
  constexpr std::string_view kUnits = "kMGTPEZY";
  const auto power = kUnits.find(last);
  if (power == kUnits.npos) return std::nullopt;
  return std::ldexp(1.0, 10 * (static_cast<int>(power) + 1));
}

}  // namespace

std::optional<double> parse_bcache_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const auto factor = factor_of(text.back());
  if (!factor) return std::nullopt;
  if (*factor > 1) text.remove_suffix(1);
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = parse_uint(text.substr(0, point));
  if (!whole) return std::nullopt;
  double value = static_cast<double>(*whole);
  if (point < text.size()) {
    const auto fraction = parse_uint(text.substr(point + 1));
    if (!fraction) return std::nullopt;
    value += static_cast<double>(*fraction) / 10.24;
  }
  value = std::trunc(value * *factor);
  return is_negative ? -value : value;
}

}  // namespace basewatch::node
