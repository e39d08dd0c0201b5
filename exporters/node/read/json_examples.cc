#include "exporters/node/read/json_examples.h"

#include <fmt/format.h>

#include <algorithm>

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxDepth = 16;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

const nlohmann::json* member(const nlohmann::json& entry, std::string_view name) {
  for (auto item = entry.begin(); item != entry.end(); ++item) {
    if (same_name(item.key(), name)) return &*item;
  }
  return nullptr;
}

}  // namespace

std::vector<nlohmann::json> parse_json_examples(const Source& json) {
  bool is_deep = false;
  const auto shallow = [&](int depth, auto, auto&) {
    is_deep |= static_cast<std::size_t>(depth) > kMaxDepth;
    return !is_deep;
  };
  auto root = nlohmann::json::parse(json.text, shallow, false);
  if (root.is_discarded() || is_deep) json.fail(json.text, "this is no JSON");
  std::vector<nlohmann::json> entries;
  if (root.is_object()) {
    entries.push_back(std::move(root));
  } else if (root.is_array()) {
    for (auto& entry : root) {
      if (entry.is_object()) entries.push_back(std::move(entry));
    }
  } else {
    json.fail(json.text, "there must be a list of objects");
  }
  return entries;
}

double json_number(const nlohmann::json& entry, std::string_view name) {
  const auto* value = member(entry, name);
  return value && value->is_number() ? value->get<double>() : 0;
}

std::string json_text(const nlohmann::json& entry, std::string_view name) {
  const auto* value = member(entry, name);
  return value && value->is_string() ? value->get<std::string>() : std::string();
}

std::string json_bytes(const nlohmann::json& entry, std::string_view name) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, count = 0;
  for (const char c : json_text(entry, name)) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;  // '=' at the end
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace basewatch::node
