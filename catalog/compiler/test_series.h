#pragma once

#include <map>
#include <optional>
#include <string>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// A series of a test case with all its labels.
struct TestSeries {
  std::string name;
  std::map<std::string, std::string> labels;

  std::string text() const;  // name{a="b",...}
};

// Reads `node_cpu{cpu="0"}` and fills in job, instance and node where they are not written.
// Nothing, and a diagnostic, when the catalog does not declare such a series.
std::optional<TestSeries> parse_test_series(const Program& program, const Text& name,
                                            Diagnostics& diagnostics);

// Whether the values are what promtool reads: numbers, 1+2x10, 5x10, _ and stale.
void check_test_values(const Text& values, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
