// The twin of wrong_labels.cc: compiles, so that the other one fails for its labels alone.
#include "agent/plugin/page.h"

namespace basewatch {
constexpr auto cpu = metrics::metric(metrics::counter, "cpu_total", "Time.",
                                     metrics::labels("cpu", "mode"));
void fill(Page& page) { page.add(cpu, 1, "0", "idle"); }
}  // namespace basewatch
