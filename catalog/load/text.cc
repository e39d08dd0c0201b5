#include "agent/base/strings.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

Text text_of(const yaml::Node* node, std::string_view key, Diagnostics& diagnostics) {
  if (!node) return {};
  auto value = yaml::as_string(*node, key, diagnostics);
  return value ? Text{std::move(*value), node->where, node->anchors} : Text{};
}

}  // namespace

Text text_of(yaml::Mapping& mapping, std::string_view key, Diagnostics& diagnostics) {
  return text_of(mapping.find(key), key, diagnostics);
}

Text required_text(yaml::Mapping& mapping, std::string_view key, Diagnostics& diagnostics) {
  return text_of(mapping.required(key), key, diagnostics);
}

std::vector<std::pair<Text, Text>> read_test_series(yaml::Mapping& test, Diagnostics& diagnostics) {
  std::vector<std::pair<Text, Text>> out;
  const auto* series = test.required("series");
  if (!series) return out;
  yaml::Mapping(*series, "series", diagnostics);
  for (const auto& [name, values] : series->entries) {
    auto text = yaml::as_string(values, "the values of a series", diagnostics);
    out.emplace_back(Text{name.scalar, name.where, name.anchors},
                     Text{std::move(text).value_or(""), values.where, values.anchors});
  }
  return out;
}

}  // namespace basewatch::catalog
