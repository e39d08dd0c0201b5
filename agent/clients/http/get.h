#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "agent/base/clock.h"

namespace basewatch::clients {

// Why there is no answer, in words; never with a user or password of the URL.
class HttpError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct HttpReply {
  long status = 0;
  std::string body;
};

struct HttpLimits {
  Duration time = std::chrono::seconds(15);  // from the first byte of ours to the last of theirs
  std::size_t bytes = 64u << 20;             // of the answer, after decompression
};

// One GET over http or https, no redirects. Throws HttpError where no whole answer came within the
// limits. Any thread; each call has a connection of its own.
HttpReply http_get(const std::string& url, const HttpLimits& limits = {});

// For a value in a query string.
std::string url_encoded(std::string_view text);

// Without user and password, for messages.
std::string shown_url(const std::string& url);

}  // namespace basewatch::clients
