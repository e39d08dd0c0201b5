#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/compiler/program.h"
#include "catalog/compiler/test_series.h"

namespace basewatch::catalog {

// The series of one test case, every label filled in, and what they say about the result of the
// expression under test. The program outlives it.
class CaseSeries {
 public:
  CaseSeries(const Program& program, const Expression& expression, Diagnostics& diagnostics);

  // What is wrong with a series or its values is told, and the series left out.
  void add(const std::vector<std::pair<Text, Text>>& series);

  // name{labels} -> values, as promtool wants them.
  const std::vector<std::pair<std::string, std::string>>& written() const { return written_; }

  // What a label of the result must be: the one value that the series which the expression reads
  // have, or the one that it is pinned to. Several where that cannot be told, none where it has
  // none.
  std::set<std::string> values_of(const std::string& label) const;

 private:
  const Program& program_;
  const Expression& expression_;
  Diagnostics& diagnostics_;
  std::vector<promql::Use> uses_;  // also by way of recorded names
  std::set<std::string> names_;
  std::vector<TestSeries> series_;
  std::vector<std::pair<std::string, std::string>> written_;
};

}  // namespace basewatch::catalog
