#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/base/yaml.h"

// The half of yaml.h that takes a tree apart; yaml.cc makes it.
namespace basewatch::yaml {
namespace {

std::optional<std::string_view> scalar_of(const Node& node, std::string_view what,
                                          std::string_view wanted, Diagnostics& diagnostics) {
  if (node.kind == Kind::scalar) return node.scalar;
  diagnostics.error(node.where,
                    fmt::format("{} must be {}, not {}", what, wanted, kind_name(node.kind)));
  return std::nullopt;
}

template <typename T>
std::optional<T> checked(std::optional<T> value, const Node& node, std::string_view what,
                         std::string_view wanted, Diagnostics& diagnostics) {
  if (!value) {
    diagnostics.error(node.where,
                      fmt::format("{} must be {}, not '{}'", what, wanted, printable(node.scalar)));
  }
  return value;
}

constexpr std::string_view kFlag = "true or false";
constexpr std::string_view kNumber = "a number";
constexpr std::string_view kDuration = "a duration such as 30s, 5m or 1h30m";

}  // namespace

std::optional<std::string> as_string(const Node& node, std::string_view what,
                                     Diagnostics& diagnostics) {
  const auto text = scalar_of(node, what, "a text", diagnostics);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<bool> as_flag(const Node& node, std::string_view what, Diagnostics& diagnostics) {
  const auto text = scalar_of(node, what, kFlag, diagnostics);
  if (!text) return std::nullopt;
  std::optional<bool> value;
  if (*text == "true") value = true;
  if (*text == "false") value = false;
  return checked(value, node, what, kFlag, diagnostics);
}

std::optional<double> as_number(const Node& node, std::string_view what, Diagnostics& diagnostics) {
  const auto text = scalar_of(node, what, kNumber, diagnostics);
  return text ? checked(parse_double(*text), node, what, kNumber, diagnostics) : std::nullopt;
}

std::optional<Duration> as_duration(const Node& node, std::string_view what,
                                    Diagnostics& diagnostics) {
  const auto text = scalar_of(node, what, kDuration, diagnostics);
  return text ? checked(parse_duration(*text), node, what, kDuration, diagnostics) : std::nullopt;
}

Mapping::Mapping(const Node& node, std::string what, Diagnostics& diagnostics)
    : node_(&node), what_(std::move(what)), diagnostics_(&diagnostics) {
  if (node.kind != Kind::mapping && node.kind != Kind::null) {
    diagnostics.error(node.where, fmt::format("{} must be a mapping (key: value), not {}", what_,
                                              kind_name(node.kind)));
  }
}

const Node* Mapping::find(std::string_view key) {
  asked_.emplace_back(key);
  const auto* value = node_->find(key);
  return value && value->kind != Kind::null ? value : nullptr;
}

const Node* Mapping::required(std::string_view key) {
  const auto* value = find(key);
  if (!value) {
    diagnostics_->error(where(key), fmt::format("{} needs a '{}'", what_, key));
  }
  return value;
}

std::string Mapping::string(std::string_view key, std::string_view fallback) {
  const auto* value = find(key);
  return value ? as_string(*value, key, *diagnostics_).value_or(std::string(fallback))
               : std::string(fallback);
}

std::string Mapping::required_string(std::string_view key) {
  const auto* value = required(key);
  return value ? as_string(*value, key, *diagnostics_).value_or("") : "";
}

bool Mapping::flag(std::string_view key, bool fallback) {
  const auto* value = find(key);
  return value ? as_flag(*value, key, *diagnostics_).value_or(fallback) : fallback;
}

double Mapping::number(std::string_view key, double fallback) {
  const auto* value = find(key);
  return value ? as_number(*value, key, *diagnostics_).value_or(fallback) : fallback;
}

std::int64_t Mapping::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                              std::int64_t most) {
  const auto* value = find(key);
  if (!value) return fallback;
  const auto wanted = fmt::format("a whole number from {} to {}", least, most);
  const auto text = scalar_of(*value, key, wanted, *diagnostics_);
  if (!text) return fallback;
  auto parsed = parse_int(*text);
  if (parsed && (*parsed < least || *parsed > most)) parsed.reset();
  return checked(parsed, *value, key, wanted, *diagnostics_).value_or(fallback);
}

Duration Mapping::duration(std::string_view key, Duration fallback) {
  const auto* value = find(key);
  return value ? as_duration(*value, key, *diagnostics_).value_or(fallback) : fallback;
}

std::vector<std::string> Mapping::strings(std::string_view key) {
  const auto* value = find(key);
  if (!value) return {};
  if (value->kind == Kind::scalar) return {value->scalar};
  std::vector<std::string> out;
  if (value->kind != Kind::sequence) {
    diagnostics_->error(value->where, fmt::format("{} must be a list of texts, not {}", key,
                                                  kind_name(value->kind)));
  }
  for (const auto& item : value->items) {
    if (auto text = as_string(item, fmt::format("each of {}", key), *diagnostics_)) {
      out.push_back(std::move(*text));
    }
  }
  return out;
}

std::size_t Mapping::choice(std::string_view key, std::size_t fallback,
                            const std::vector<std::string_view>& options) {
  const auto* value = find(key);
  if (!value) return fallback;
  const auto wanted = fmt::format("one of {}", join(options, ", "));
  const auto text = scalar_of(*value, key, wanted, *diagnostics_);
  if (!text) return fallback;
  const auto found = std::ranges::find(options, *text);
  if (found != options.end()) return static_cast<std::size_t>(found - options.begin());
  diagnostics_->error(value->where,
                      fmt::format("{} must be {}, not '{}'", key, wanted, printable(*text)));
  return fallback;
}

Location Mapping::where(std::string_view key) const {
  const auto* value = node_->find(key);
  return value ? value->where : node_->where;
}

void Mapping::finish() {
  std::vector<std::string_view> known;  // in the order of asking, some twice
  for (const auto& key : asked_) {
    if (std::ranges::find(known, key) == known.end()) known.push_back(key);
  }
  for (const auto& [key, value] : node_->entries) {
    if (std::ranges::find(known, key.scalar) != known.end()) continue;
    const auto guess = nearest(key.scalar, known);
    diagnostics_->error(key.where,
                        guess.empty() ? fmt::format("unknown key '{}' in {}; it takes {}",
                                                    printable(key.scalar), what_, join(known, ", "))
                                      : fmt::format("unknown key '{}' in {}: did you mean '{}'?",
                                                    printable(key.scalar), what_, guess));
  }
}

}  // namespace basewatch::yaml
