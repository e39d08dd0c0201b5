#pragma once

#include <string>
#include <string_view>

namespace basewatch::expose {

// The text as one gzip member, by ISA-L: a quarter of zlib's time, and as small (decision 087).
std::string gzip(std::string_view text);

// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace basewatch::expose
