#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/expose/text.h"

namespace basewatch::expose {

// Appends the pages as one exposition in OpenMetrics 1.0, with the same series as write_text(): no
// sample name and no label value differs, so that a Prometheus that reads both stores the same.
// What OpenMetrics cannot type without a new name (a counter without _total) or does not allow as
// that type (a histogram without +Inf, a counter that is NaN, names that would clash) is written as
// `unknown`. docs/openmetrics.md has the rules. Pure; any thread.
Written write_openmetrics(std::span<const Part> parts, std::string& out);

inline constexpr std::string_view kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Whether an Accept header prefers OpenMetrics 1.0 to the text format 0.0.4: by its weights, where
// the most specific range that fits a format counts (RFC 9110). In doubt, no.
bool prefers_openmetrics(std::string_view accept);

}  // namespace basewatch::expose
