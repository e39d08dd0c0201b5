#include "agent/commands/dry_run.h"

#include <doctest/doctest.h>

namespace basewatch::commands {

using namespace std::chrono_literals;
using Points = std::vector<std::pair<double, double>>;

TEST_CASE("an alert fires once its `for` is over, until its expression is empty") {
  const Points points{{60, 1}, {120, 1}, {180, 1}, {240, 1}};
  CHECK(firings(points, 60, 0s, 0s) == std::vector<Span>{{60, 300}});
  CHECK(firings(points, 60, 2min, 0s) == std::vector<Span>{{180, 300}});
  CHECK(firings(points, 60, 3min, 0s) == std::vector<Span>{{240, 300}});
  CHECK(firings(points, 60, 4min, 0s).empty());  // never that long
  CHECK(firings({}, 60, 0s, 0s).empty());
}

TEST_CASE("a gap begins anew, unless it is kept firing over it") {
  const Points points{{60, 1}, {120, 1}, {360, 1}, {420, 1}};
  CHECK(firings(points, 60, 1min, 0s) == std::vector<Span>{{120, 180}, {420, 480}});
  CHECK(firings(points, 60, 1min, 5min) == std::vector<Span>{{120, 780}});
  const Points late{{60, 1}, {75, 1}, {90, 1}};  // half a step late is no gap
  CHECK(firings(late, 15, 0s, 0s) == std::vector<Span>{{60, 105}});
}

}  // namespace basewatch::commands
