#pragma once

#include <string>
#include <string_view>

#include "catalog/compiler/promql/analysis.h"
#include "catalog/compiler/promql/vector.h"

namespace basewatch::promql {

// Walks one expression from the leaves up and collects uses and findings on the way. analyst.cc has
// selectors and the walk, aggregations.cc, calls.cc and matching.cc the rest. The callbacks outlive
// it.
class Analyst {
 public:
  Analyst(const Resolver& resolve, const NearestName& nearest_name)
      : resolve_(resolve), nearest_name_(nearest_name) {}

  Vector visit(const Expr& expr);
  Analysis take() { return std::move(analysis_); }

 private:
  void find(std::size_t offset, std::string_view code, std::string message);
  // Reports `label` where no series of `vector` can carry it.
  void require_label(const Vector& vector, const std::string& label, std::size_t offset);

  Vector selector(const Expr& expr, Duration range);
  void apply(const Matcher& matcher, Vector& vector);

  Vector aggregation(const Expr& expr);
  void group(const Expr& expr, Vector& vector);
  void check_dropped_le(const Expr& expr, const Vector& before, Vector& after);

  Vector call(const Expr& expr);
  void check_rate(const Expr& call, const Vector& argument);
  void check_gauge_function(const Expr& call, const Vector& argument);
  void check_quantile(const Expr& quantile, std::string_view function);
  Vector histogram_quantile(const Expr& expr, const Vector& argument);
  void label_replace(const Expr& expr, Vector& vector);
  void label_join(const Expr& expr, Vector& vector);
  bool check_label_name(const Expr& argument);

  Vector binary(const Expr& expr);
  Vector vector_operation(const Expr& expr, const Vector& left, const Vector& right);
  Vector set_operation(const Expr& expr, const Vector& left, const Vector& right);
  void check_matching_labels(const Expr& expr, const Vector& left, const Vector& right);
  void check_many(const Expr& expr, const Vector& left, const Vector& right);

  const Resolver& resolve_;
  const NearestName& nearest_name_;
  Analysis analysis_;
};

}  // namespace basewatch::promql
