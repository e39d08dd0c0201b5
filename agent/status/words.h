#pragma once

#include <string>
#include <string_view>

#include "agent/base/clock.h"

namespace basewatch::status {

// Text for an HTML document: markup characters escaped, bytes that are no UTF-8 replaced.
std::string html_text(std::string_view text);

// The same, and what stands between two `backticks` as code.
std::string html_with_code(std::string_view text);

std::string span_words(Duration span);      // "4 min", "2 h 5 min", "3 days": two units at most
std::string duration_words(Duration span);  // "40 µs", "1.4 ms", "1.25 s"
std::string bytes_words(double bytes);      // "12.3 MiB"
std::string count_words(std::size_t count, std::string_view one, std::string_view many);

}  // namespace basewatch::status
