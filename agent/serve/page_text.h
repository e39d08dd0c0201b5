#pragma once

#include <span>
#include <string>

#include "agent/expose/text.h"
#include "agent/scrape/engine.h"

namespace basewatch::serve {

enum class Labelling {
  none,     // each instance is a target of its own: Prometheus adds the labels
  targets,  // everything on one page: job, instance and node on each series, and an `up` per
            // instance
};

enum class Format { text, openmetrics };

// What a scrape found, as one page; the same for an HTTP answer and for `basewatch once`.
expose::Written write_page(std::span<const scrape::InstanceResult> results, Labelling labelling,
                           Format format, std::string& out);

}  // namespace basewatch::serve
