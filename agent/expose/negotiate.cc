// Which format an Accept header asks for.
#include <algorithm>
#include <cctype>
#include <optional>

#include "agent/base/strings.h"
#include "agent/expose/openmetrics.h"

namespace basewatch::expose {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Takes what stands before the separator off the front; quoted strings hold no separators.
std::string_view take_until(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (quoted && rest[end] == '\\') ++end;
  }
  end = std::min(end, rest.size());
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(taken);
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

struct MediaRange {
  std::string_view type;     // "text/plain", "text/*", "*/*"
  std::string_view version;  // empty: any
  double weight = 1;
};

// Parameters that mean nothing to us (charset, escaping) are looked over; a weight that is none
// makes the range worthless.
MediaRange parse_range(std::string_view text) {
  MediaRange out;
  out.type = take_until(text, ';');
  while (!text.empty()) {
    auto value = take_until(text, ';');
    const auto name = take_until(value, '=');
    if (same_word(name, "version")) out.version = unquoted(value);
    if (!same_word(name, "q")) continue;
    const auto weight = parse_double(value);
    out.weight = weight && *weight >= 0 && *weight <= 1 ? *weight : 0;
  }
  return out;
}

// The weight of the most specific range that a format fits.
class Best {
 public:
  Best(std::string_view type, std::string_view version) : type_(type), version_(version) {}

  void see(const MediaRange& range) {
    const auto slash = type_.find('/');
    int fit = 0;
    if (same_word(range.type, type_)) {
      fit = range.version.empty() ? 3 : 4;
    } else if (same_word(range.type, std::string(type_.substr(0, slash)) + "/*")) {
      fit = 2;
    } else if (range.type == "*/*") {
      fit = 1;
    }
    if (fit == 0 || fit < fit_ || (!range.version.empty() && range.version != version_)) return;
    weight_ = fit == fit_ ? std::max(weight_, range.weight) : range.weight;
    fit_ = fit;
  }

  double weight() const { return weight_; }

 private:
  const std::string_view type_, version_;
  int fit_ = 0;
  double weight_ = 0;
};

}  // namespace

bool prefers_openmetrics(std::string_view accept) {
  Best openmetrics("application/openmetrics-text", "1.0.0"), text("text/plain", "0.0.4");
  while (!accept.empty()) {
    const auto range = parse_range(take_until(accept, ','));
    openmetrics.see(range);
    text.see(range);
  }
  return openmetrics.weight() > text.weight();
}

}  // namespace basewatch::expose
