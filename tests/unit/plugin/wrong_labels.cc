// Must not compile: the metric has two labels and is given one value.
#include "agent/plugin/page.h"

namespace basewatch {
constexpr auto cpu = metrics::metric(metrics::counter, "cpu_total", "Time.",
                                     metrics::labels("cpu", "mode"));
void fill(Page& page) { page.add(cpu, 1, "0"); }
}  // namespace basewatch
