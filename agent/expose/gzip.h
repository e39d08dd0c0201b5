#pragma once

#include <string>
#include <string_view>

namespace basewatch::expose {

// The text as one gzip member (libdeflate level 1: half of zlib's time, and smaller).
std::string gzip(std::string_view text);

// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace basewatch::expose
