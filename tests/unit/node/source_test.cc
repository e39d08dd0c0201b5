#include "exporters/node/read/source.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/node/support.h"

namespace basewatch::node {

TEST_CASE("rows are keys and what follows them") {
  std::vector<std::pair<std::string, std::string>> rows;
  for_each_row("a 1\n\n  b:\t2 kB\nc\n  \nlast 4 5",
               [&](auto key, auto rest) { rows.emplace_back(key, trim(rest)); });
  CHECK(rows == std::vector<std::pair<std::string, std::string>>{
                    {"a", "1"}, {"b", "2 kB"}, {"c", ""}, {"last", "4 5"}});
  int seen = 0;
  for_each_row("a\nb\nc\n", [&](std::string_view, std::string_view) { return ++seen < 2; });
  CHECK(seen == 2);
}

TEST_CASE("numbers are read or the place is told") {
  CHECK(leading_numbers<3>("0.21 0.37 0.39 1/719 19737\n")[2] == 0.39);
  const Source source("one 1\ntwo x\n", "/proc/vmstat");
  CHECK(thrown([&] { source.number(source.text.substr(10, 1)); }) ==
        "/proc/vmstat:2: 'x' is no number");
  CHECK(thrown([&] { source.whole(source.text.substr(10, 1)); }) ==
        "/proc/vmstat:2: 'x' is no whole number");
  for (const auto* bad : {"", "\n", "0.1 0.2", "0.1 0.2\n0.3", "a b c", "1 2 3x", "1,5 2 3"}) {
    CHECK_MESSAGE(!thrown([&] { leading_numbers<3>(bad); }).empty(), bad);
  }
  CHECK(thrown([] { leading_numbers<3>(Source("1 2", "/proc/loadavg")); }) ==
        "/proc/loadavg:1: a number is missing");
}

TEST_CASE("a place that is not in the text is its first line") {
  const Source source("a\nb\n");
  const auto message = [&](std::string_view at) { return thrown([&] { source.fail(at, "x"); }); };
  CHECK(message(source.text.substr(2)) == "text:2: x");
  CHECK(message(source.text.substr(4)) == "text:3: x");
  CHECK(message({}) == "text:1: x");
  CHECK(message("elsewhere") == "text:1: x");
}

}  // namespace basewatch::node
