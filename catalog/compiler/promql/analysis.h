#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/promql/ast.h"
#include "catalog/model/metric.h"

// What an expression means, known without a server: from the declared type and labels of every
// metric to the labels of the result. Facts: a binary operation over different label sets is empty
// without any error; rate() over a gauge is a number without a meaning.
namespace basewatch::promql {

// The labels that series of a vector carry.
struct LabelSet {
  std::set<std::string> names;
  std::set<std::string> pinned;  // subset of names with the same value in every series (equality matcher)
  bool open = false;             // may carry further labels that nobody declared
};

struct SeriesInfo {
  MetricType type = MetricType::untyped;  // a histogram's _bucket, _sum, _count are counters
  LabelSet labels;                        // all of them, with job, instance and node
  bool raw = true;                        // false for a recorded name: never to be rated again
};

// What is declared under a name; nothing if nobody declares it.
using Resolver = std::function<std::optional<SeriesInfo>(std::string_view name)>;

struct Finding {
  std::size_t offset;   // where in the expression
  std::string code;     // "unknown-metric", "unknown-label", "rate-of-gauge", "vector-matching", ...
  std::string message;  // one sentence: what is wrong, and what to write instead
};

struct Use {
  std::string metric;
  std::size_t offset = 0;
  std::vector<Matcher> matchers;
  Duration range{};      // zero for an instant selector
};

struct Analysis {
  ValueType type = ValueType::scalar;
  LabelSet labels;               // of the result, when it is a vector
  bool always_returns = false;   // no comparison, absent() or set operation can empty it
  std::vector<Use> uses;         // every selector, in order
  std::vector<Finding> findings;
};

Analysis analyse(const Expr& expr, const Resolver& resolve);

}  // namespace basewatch::promql
