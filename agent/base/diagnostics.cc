#include "agent/base/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace basewatch {

std::string Location::text() const {
  return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file;
}

Location place_in(const Location& where, const std::vector<Anchor>& anchors, std::size_t offset) {
  if (where.line == 0) return where;
  Anchor anchor{0, where.line, where.column};
  for (const auto& next : anchors) {
    if (next.offset > offset) break;
    anchor = next;
  }
  return {where.file, anchor.line, anchor.column + static_cast<int>(offset - anchor.offset)};
}

std::string Diagnostic::text() const {
  const auto* kind = severity == Severity::error ? "error" : "warning";
  return where.file.empty() ? fmt::format("{}: {}", kind, message)
                            : fmt::format("{}: {}: {}", where.text(), kind, message);
}

void Diagnostics::error(const Location& where, std::string message) {
  list_.push_back({Severity::error, where, std::move(message)});
  ++errors_;
}

void Diagnostics::warning(const Location& where, std::string message) {
  list_.push_back({Severity::warning, where, std::move(message)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  auto out = list_;
  const auto key = [](const Diagnostic& d) { return std::tie(d.where, d.message); };
  std::ranges::stable_sort(out, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = std::ranges::unique(
      out, [&](const auto& a, const auto& b) { return key(a) == key(b); });
  out.erase(same.begin(), same.end());
  return out;
}

std::string Diagnostics::text() const {
  std::string out;
  for (const auto& diagnostic : sorted()) out += diagnostic.text() + "\n";
  return out;
}

}  // namespace basewatch
