#pragma once

#include "agent/scrape/instance.h"

namespace basewatch::scrape {

// Calls stop() of all of them side by side and waits up to two seconds (real time). One that hangs
// is let go of: its thread keeps it alive.
void stop_instances(const Instances& instances);

}  // namespace basewatch::scrape
