#include "catalog/compiler/board_panel_unit.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/board_unit.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

// Rules may stand on each other in a circle, which another check tells of.
constexpr int kDeepest = 50;

std::optional<Unit> unit_of_name(std::string_view name, const Program& program, int depth = 0) {
  if (depth > kDeepest) return std::nullopt;
  if (const auto metric = find_metric(program.subjects(), name)) {
    return metric->unit.empty() ? std::nullopt : std::optional(parse_unit(metric->unit));
  }
  if (name == "up") return Unit{"flag"};
  if (name == "scrape_duration_seconds") return Unit{"seconds"};
  if (name == "ALERTS") return Unit{"alerts"};
  const auto* recorded = program.recorded(name);
  if (!recorded) return std::nullopt;
  const auto operation = name.substr(name.rfind(':') + 1);
  if (operation.starts_with("ratio")) return Unit{"ratio"};
  const auto& below = program.of(*recorded->rule);
  if (!below.tree) return std::nullopt;
  return unit_of(*below.tree,
                 [&](std::string_view read) { return unit_of_name(read, program, depth + 1); });
}

// A heatmap's axis shows the buckets, so it has the unit of what they count, not of their rate.
std::optional<Unit> unit_of_buckets(const promql::Expr& tree, const Program& program) {
  if (tree.kind == promql::Kind::selector) return unit_of_name(tree.text, program);
  for (const auto& arg : tree.args) {
    if (auto unit = unit_of_buckets(*arg, program)) return unit;
  }
  return std::nullopt;
}

std::string why_unknown(const Unit& unit) {
  const auto guess = nearest(unit.word, unit_words());
  return fmt::format("'{}' is no unit: {}", printable(unit.word),
                     guess.empty()
                         ? fmt::format("write the plural of what is counted, or one of {}",
                                       join(unit_words(), ", "))
                         : fmt::format("did you mean '{}'?", guess));
}

}  // namespace

std::string panel_unit(const PanelQuery& query, const PanelEntry& panel, PanelKind kind,
                       const promql::Expr& tree, Program& program, Diagnostics& diagnostics) {
  const auto& written = query.unit.empty() ? panel.unit : query.unit;
  const auto& where = written.empty() ? query.where : written.where;
  const auto by_name = [&](std::string_view name) { return unit_of_name(name, program); };
  std::optional<Unit> unit;
  if (!written.empty()) {
    unit = parse_unit(written.value);
  } else if (kind == PanelKind::heatmap) {
    unit = unit_of_buckets(tree, program);
  } else {
    unit = unit_of(tree, by_name);
  }
  // Where colors or words are shown instead of numbers, nobody misses the unit.
  const bool shown =
      kind != PanelKind::heatmap && kind != PanelKind::state_timeline && panel.states.empty();
  if (!unit) {
    if (shown) {
      report(diagnostics, where, "unit-missing",
             "the unit cannot be told from the metrics: write 'unit: bytes', 'unit: requests/s', "
             "'unit: none' ...");
    }
    return "none";
  }
  auto id = grafana_unit(*unit);
  if (!id) report(diagnostics, where, "unknown-unit", why_unknown(*unit));
  return id.value_or("none");
}

}  // namespace basewatch::catalog
