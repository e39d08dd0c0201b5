#pragma once

#include "agent/status/html.h"
#include "agent/status/report.h"

namespace basewatch::status {

// One instance on the page: what it is about, its last hour, its notes and its collectors.
void write_instance(Html& html, const scrape::InstanceStatus& instance,
                    const InstanceVerdict& verdict);

}  // namespace basewatch::status
