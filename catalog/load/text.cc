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

}  // namespace basewatch::catalog
