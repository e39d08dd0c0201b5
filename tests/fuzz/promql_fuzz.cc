// Whatever the bytes are: the parser refuses them or understands them, what it understands prints
// to the same meaning again, and the analysis of it ends.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "catalog/compiler/promql/analysis.h"
#include "catalog/compiler/promql/parser.h"

namespace promql = basewatch::promql;

namespace {

[[noreturn]] void give_up(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

// Everything is declared, as something that its name chooses, so that all checks have work.
std::optional<promql::SeriesInfo> resolve(std::string_view name) {
  promql::SeriesInfo info;
  info.type = static_cast<basewatch::MetricType>(name.size() % 5);
  info.raw = name.find(':') == std::string_view::npos;
  info.labels.open = name.size() % 7 == 0;
  info.labels.names = {"job", "instance", "node", "le", "a"};
  if (name.ends_with("unknown")) return std::nullopt;
  return info;
}

void check_offset(std::size_t offset, std::string_view text) {
  if (offset > text.size()) give_up("an offset lies behind the text", std::string(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  promql::ExprPtr expr;
  try {
    expr = promql::parse(text);
  } catch (const promql::SyntaxError& error) {
    check_offset(error.offset(), text);
    return 0;
  }
  const auto printed = promql::print(*expr);
  promql::ExprPtr again;
  try {
    again = promql::parse(printed);
  } catch (const promql::SyntaxError& error) {
    // Printing adds blanks and escapes: only for its length may the text be refused now.
    if (printed.size() > 64 * 1024) return 0;
    give_up(error.what(), printed);
  }
  if (!promql::same(*expr, *again)) give_up("the printed form means something else", printed);
  if (promql::print(*again) != printed) give_up("the printed form is not stable", printed);

  const auto analysis = promql::analyse(*expr, resolve);
  for (const auto& finding : analysis.findings) check_offset(finding.offset, text);
  for (const auto& use : analysis.uses) check_offset(use.offset, text);
  for (const auto& label : analysis.labels.pinned) {
    if (!analysis.labels.names.contains(label)) give_up("a pinned label is no label", printed);
  }
  for (const auto& label : analysis.labels.maybe) {
    if (!analysis.labels.names.contains(label)) give_up("a possible label is no label", printed);
  }
  if (analysis.type != promql::value_type(*expr)) give_up("two opinions on the type", printed);
  if (analysis.type == promql::ValueType::scalar && !analysis.labels.names.empty()) {
    give_up("a scalar with labels", printed);
  }
  return 0;
}
