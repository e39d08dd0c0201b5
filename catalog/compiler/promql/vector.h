#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "catalog/compiler/promql/analysis.h"

namespace basewatch::promql {

enum class Nature { unknown, counter, gauge, recorded, aggregated };

// What is known about the value of a part of an expression before anyone evaluates it.
struct Vector {
  ValueType type = ValueType::instant_vector;
  LabelSet labels;
  std::map<std::string, std::string> values;  // of pinned labels, where the value is known
  bool always_returns = true;

  Nature nature = Nature::unknown;
  std::string metric;       // whose nature it is; empty where it is of several
  bool raw = false;         // `metric` is declared, and not recorded
  bool buckets = false;     // cumulative buckets of a histogram, told apart by le
  bool le_dropped = false;  // they were, and it was reported

  // The selector that this comes from, one to one or as a sum of it, and which (selector, label)
  // pairs an aggregation has taken away. Series of a side still differ in what the other side has
  // summed away from the very same selector: else the sum would be the side itself.
  std::string source;
  bool is_sum = false;
  std::set<std::pair<std::string, std::string>> summed;

  bool may_have(const std::string& label) const {
    return labels.open || labels.names.contains(label);
  }
  bool surely_has(const std::string& label) const {
    return labels.names.contains(label) && !labels.maybe.contains(label);
  }
  void drop(const std::string& label);
  void add(const std::string& label, bool sure);  // unpinned
  void pin(const std::string& label, const std::string& value);
};

}  // namespace basewatch::promql
