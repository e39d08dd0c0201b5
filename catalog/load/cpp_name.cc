#include "catalog/load/cpp_name.h"

#include <algorithm>
#include <array>

namespace basewatch::catalog {
namespace {

constexpr auto kTaken = std::to_array<std::string_view>({
    // C++20
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    // macros of common systems
    "linux",
    "unix",
    "stdin",
    "stdout",
    "stderr",
    "errno",
    // the header's own words
    "all",
    "basewatch",
    "counter",
    "families",
    "family",
    "gauge",
    "histogram",
    "labels",
    "metric",
    "metrics",
    "passthroughs",
    "std",
    "summary",
    "untyped",
});

}  // namespace

std::string cpp_name(std::string_view metric_or_pattern, std::string_view prefix) {
  if (metric_or_pattern.starts_with(prefix)) metric_or_pattern.remove_prefix(prefix.size());
  std::string name;
  const auto open = metric_or_pattern.find('{');
  if (open == std::string_view::npos) {
    name = metric_or_pattern;
  } else {
    auto head = metric_or_pattern.substr(0, open);
    auto tail = metric_or_pattern.substr(
        std::min(metric_or_pattern.find('}', open), metric_or_pattern.size() - 1) + 1);
    while (head.ends_with('_')) head.remove_suffix(1);
    while (tail.starts_with('_')) tail.remove_prefix(1);
    name = head;
    if (!head.empty() && !tail.empty()) name += '_';
    name += tail;
  }
  if (name.empty()) return name;
  if (name.front() >= '0' && name.front() <= '9') name.insert(0, 1, '_');
  if (std::ranges::find(kTaken, name) != kTaken.end() || name.starts_with("from_")) name += '_';
  return name;
}

}  // namespace basewatch::catalog
