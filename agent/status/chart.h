#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/scrape/history.h"

namespace basewatch::status {

// The hours of several collectors as one: the longest run, the failures and the sum of the series
// of each minute. A collector that did not run in a minute has the series it had before.
std::vector<scrape::Minute> merged(std::span<const std::vector<scrape::Minute>> hours);

// Inline SVG, an hour wide. Minutes with failures are marked by a block below the line, too, so
// that the colour is not the only sign. The label is what a screen reader says.
std::string duration_chart(std::span<const scrape::Minute> hour, bool small);
std::string series_chart(std::span<const scrape::Minute> hour);

Duration longest_of(std::span<const scrape::Minute> hour);
std::size_t failing_minutes(std::span<const scrape::Minute> hour);

}  // namespace basewatch::status
