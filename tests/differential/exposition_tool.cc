// Writes pages as the agent does, for exposition_test.py and openmetrics_test.py. With a second
// argument `openmetrics` in that format.
//
//   exposition_tool nasty        a page with everything that is hard to write
//   exposition_tool parse < text what the parser makes of it, as a page again; errors to stderr,
//   exit 1
#include <cstdio>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "agent/expose/openmetrics.h"
#include "agent/expose/parse.h"
#include "agent/expose/text.h"
#include "agent/plugin/page.h"

namespace {

using namespace basewatch;

bool openmetrics = false;

void print(const Page& page) {
  const expose::TargetLabels target({{"job", "nasty"}, {"node", "quote \" slash \\ line \n end"}});
  const expose::Part part{&page, &target};
  std::string text;
  openmetrics ? expose::write_openmetrics({&part, 1}, text) : expose::write_text({&part, 1}, text);
  std::cout << text;
}

void add_values(Page& page) {
  using limits = std::numeric_limits<double>;
  constexpr auto value =
      metrics::metric(metrics::gauge, "nasty_value_celsius", "Line one\nline \\two \"quoted\".",
                      metrics::labels("case"));
  const std::pair<const char*, double> cases[] = {{"inf", limits::infinity()},
                                                  {"minus inf", -limits::infinity()},
                                                  {"nan", limits::quiet_NaN()},
                                                  {"max", limits::max()},
                                                  {"tiny", limits::denorm_min()},
                                                  {"minus zero", -0.0},
                                                  {"2^53", 9007199254740992},
                                                  {"third", 1.0 / 3},
                                                  {"decimals", 12345.678901},
                                                  {"billion", 1e9},
                                                  {"sum", 0.1 + 0.2},
                                                  {"minus", -17}};
  for (const auto& [name, number] : cases) page.add(value, number, name);
}

void add_texts(Page& page) {
  constexpr auto text =
      metrics::metric(metrics::gauge, "nasty_text_info", "Texts.", metrics::labels("text"));
  for (const auto* value :
       {"", " ", "\"", "\\", "\n", "\\n", "\\\"", "},{a=\"b\"} 1", "# HELP", "\t\r",
        "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x98", "\xff\xfe", "a\xc3"}) {
    page.add(text, 1, value);
  }
}

void add_counters(Page& page) {
  using namespace metrics;
  constexpr auto good = metric(counter, "nasty_jobs_total", "Jobs, \"done\".", labels("queue"));
  page.add(good, 5, "a");
  page.add(good, 1e300, "b");
  constexpr auto plain = metric(counter, "nasty_resets", "A counter that is not called so.");
  page.add(plain, 7);
  constexpr auto broken = metric(counter, "nasty_lost_total", "No number.");
  page.add(broken, std::numeric_limits<double>::quiet_NaN());
  constexpr auto taken = metric(gauge, "nasty_taken", "Has the name that a counter wants.");
  page.add(taken, 1);
  constexpr auto unlucky = metric(counter, "nasty_taken_total", "Finds its name taken.");
  page.add(unlucky, 2);
  constexpr auto unknown = metric(untyped, "nasty_unknown_bytes", "");
  page.add(unknown, -1.5);
}

void add_distributions(Page& page) {
  constexpr auto wait = metrics::metric(metrics::histogram, "nasty_wait_seconds", "Waits.",
                                        metrics::labels("zone", "app"));
  const double bounds[] = {-1, 0, 1e-5, 0.0001, 0.25, 100000, 1e6, 1e21};
  const double cumulative[] = {0, 1, 1, 2, 3, 5, 8, 13, 21};
  page.add(wait, HistogramValue{bounds, cumulative, 1234.5}, "z", "a");
  constexpr auto pause =
      metrics::metric(metrics::summary, "nasty_pause_seconds", "Pauses.", metrics::labels("zone"));
  const std::pair<double, double> quantiles[] = {{0, 1}, {0.5, 2}, {0.999, 1e-9}, {1, 5}};
  page.add(pause, SummaryValue{quantiles, 4, 12}, "z");
  constexpr auto sound =
      metrics::metric(metrics::histogram, "nasty_sound_seconds", "Sound.", metrics::labels("zone"));
  const double good_bounds[] = {0.25, 100000, 1e6};
  const double good[] = {3, 5, 8, 13};
  page.add(sound, HistogramValue{good_bounds, good, 1234.5}, "z");
  page.add(sound, HistogramValue{good_bounds, good, 1.5}, "a");
}

int parse() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  Page page;
  try {
    expose::parse_text(text, [&page](const expose::ForeignSample& sample) {
      page.add_foreign(sample.type, sample.family, sample.help, sample.kind, sample.labels,
                       sample.value);
    });
  } catch (const expose::ParseError& error) {
    std::fprintf(stderr, "line %d: %s\n", error.line(), error.what());
    return 1;
  }
  page.seal();
  print(page);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  openmetrics = argc == 3 && argv[2] == std::string_view("openmetrics");
  const std::string_view command = argc == 2 || openmetrics ? argv[1] : "";
  if (command == "parse") return parse();
  if (command != "nasty") return 2;
  Page page;
  add_values(page);
  add_texts(page);
  add_counters(page);
  add_distributions(page);
  page.seal();
  print(page);
  return 0;
}
