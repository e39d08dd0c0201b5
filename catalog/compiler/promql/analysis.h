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
  std::set<std::string>
      pinned;  // subset of names with the same value in every series (equality matcher)
  std::set<std::string> maybe;  // subset of names that some series may lack
  bool open = false;            // may carry further labels that nobody declared
};

struct SeriesInfo {
  MetricType type = MetricType::untyped;  // a histogram's _bucket, _sum, _count are counters
  LabelSet labels;                        // all of them, with job, instance and node
  bool raw = true;                        // false for a recorded name: never to be rated again
};

// What is declared under a name; nothing if nobody declares it.
using Resolver = std::function<std::optional<SeriesInfo>(std::string_view name)>;

// For messages: the declared name that is nearest to an undeclared one, or an empty string.
using NearestName = std::function<std::string(std::string_view name)>;

// Codes, and what each means:
//   unknown-metric             nobody declares the name
//   unnamed-selector           no name is given, so nothing about it can be checked
//   unknown-label              the series have no such label (matcher, by, without, on, ignoring,
//                              group_left, label_replace, label_join)
//   rate-of-gauge              rate, irate, increase or resets of what is no counter
//   rate-of-recorded           the same of a recorded name: counter resets are lost in it
//   rate-of-aggregation        the same of a sum by way of a subquery
//   gauge-function-of-counter  delta, deriv, idelta, predict_linear, holt_winters of a counter
//   vector-matching            an operation whose sides can never match: the result is empty
//   many-to-one                a side has several series where the other has one
//   set-matching               and, unless, or whose sides can never match
//   histogram-quantile         of what is no histogram, or without le
//   le-dropped                 buckets are summed over le: every observation counts many times
//   quantile-range             a quantile outside 0 to 1
//   bad-regex, bad-label       arguments that Prometheus refuses only when it evaluates
//   flapping-function          topk, bottomk, irate: fine on a panel, never in an alert
struct Finding {
  std::size_t offset;  // where in the expression
  std::string code;    // "unknown-metric", "unknown-label", "rate-of-gauge", "vector-matching", ...
  std::string message;  // one sentence: what is wrong, and what to write instead
};

struct Use {
  std::string metric;
  std::size_t offset = 0;
  std::vector<Matcher> matchers;
  Duration range{};  // zero for an instant selector
};

struct Analysis {
  ValueType type = ValueType::scalar;
  LabelSet labels;              // of the result, when it is a vector
  bool always_returns = false;  // no comparison, absent() or set operation can empty it
  std::vector<Use> uses;        // every selector, in order
  std::vector<Finding> findings;
};

// `expr` comes from parse(). Pure: calls nothing but the two callbacks.
Analysis analyse(const Expr& expr, const Resolver& resolve, const NearestName& nearest_name = {});

}  // namespace basewatch::promql
