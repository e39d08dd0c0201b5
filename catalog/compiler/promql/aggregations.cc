#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/analyst.h"

// sum by (...) and its kin: which labels are left.
namespace basewatch::promql {

Vector Analyst::aggregation(const Expr& expr) {
  if (expr.args.size() == 2) visit(*expr.args[0]);
  const auto before = visit(*expr.args.back());
  auto after = before;
  after.type = ValueType::instant_vector;
  const bool selects = expr.text == "topk" || expr.text == "bottomk";
  if (selects) {
    // The series come out as they went in; the grouping only says among which to choose.
    for (std::size_t i = 0; i < expr.grouping_labels.size(); ++i) {
      require_label(before, expr.grouping_labels[i], expr.grouping_offsets[i]);
    }
    find(expr.begin, "flapping-function",
         fmt::format("{}() chooses other series from one evaluation to the next; compare with a "
                     "threshold instead",
                     expr.text));
    after.source.clear();
    return after;
  }
  group(expr, after);
  check_dropped_le(expr, before, after);
  after.is_sum = expr.text == "sum";
  if (!after.is_sum) after.source.clear();
  after.nature = expr.text == "count" || expr.text == "group" || expr.text == "count_values"
                     ? Nature::gauge
                     : Nature::aggregated;
  if (expr.text == "quantile") check_quantile(*expr.args[0], expr.text);
  if (expr.text == "count_values" && check_label_name(*expr.args[0])) {
    after.add(unwrap(*expr.args[0]).text, true);
  }
  return after;
}

void Analyst::group(const Expr& expr, Vector& vector) {
  const auto before = vector;
  for (std::size_t i = 0; i < expr.grouping_labels.size(); ++i) {
    require_label(before, expr.grouping_labels[i], expr.grouping_offsets[i]);
  }
  if (expr.grouping == Grouping::without) {
    for (const auto& label : expr.grouping_labels) {
      vector.drop(label);
      vector.summed.insert({before.source, label});
    }
    return;
  }
  vector.labels = {};
  vector.values.clear();
  for (const auto& label : expr.grouping_labels) {
    if (!before.may_have(label) || label == "__name__") continue;
    vector.add(label, before.surely_has(label));
    if (before.labels.pinned.contains(label)) vector.labels.pinned.insert(label);
    if (const auto value = before.values.find(label); value != before.values.end()) {
      vector.values.insert(*value);
    }
  }
  for (const auto& label : before.labels.names) {
    if (!vector.labels.names.contains(label)) vector.summed.insert({before.source, label});
  }
}

void Analyst::check_dropped_le(const Expr& expr, const Vector& before, Vector& after) {
  if (!before.buckets || after.labels.names.contains("le")) return;
  after.buckets = false;
  if (expr.text != "sum" && expr.text != "avg") return;
  after.le_dropped = true;
  find(expr.begin, "le-dropped",
       fmt::format("{}() drops the label le of the buckets of {}, so that every observation counts "
                   "several times; keep it with by (le, ...), or choose one bucket with a matcher",
                   expr.text, before.metric));
}

}  // namespace basewatch::promql
