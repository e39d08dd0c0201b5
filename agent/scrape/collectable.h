#pragma once

#include <memory>
#include <string_view>

#include "agent/plugin/exporter.h"

namespace prometheus {
class Collectable;
}

namespace basewatch::scrape {

// Adds what an existing prometheus-cpp instrumentation collects. What it throws goes through to the
// caller: a collector's run, where it means that the run failed. Timestamps are left out.
void add_collectable(Page& page, const prometheus::Collectable& source);

// An exporter with one collector of the given name around a Collectable, for InstancePlan::create.
// `collector` outlives it.
std::unique_ptr<Exporter> make_exporter(std::shared_ptr<const prometheus::Collectable> source,
                                        std::string_view collector);

}  // namespace basewatch::scrape
