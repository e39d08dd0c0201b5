#pragma once

#include <string_view>

#include "agent/serve/http.h"

namespace basewatch::serve {

// What the bytes of a header ask for. The grammar is RFC 9112's, without what it calls obsolete:
// whatever two readers could understand in two ways is refused.
struct Request {
  Call call;           // nothing in it about the connection
  bool keep = false;   // the client can take another answer on this connection
  bool old = false;    // HTTP/1.0, whose clients have to be told that the connection stays open
  int refusal = 0;     // the status to answer with where this is no request; otherwise zero
  std::string_view why;  // and a sentence for it
};

// `header` ends with its empty line.
Request parse_request(std::string_view header);

}  // namespace basewatch::serve
