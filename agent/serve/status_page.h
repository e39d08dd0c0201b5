#pragma once

#include "agent/serve/http.h"
#include "agent/status/facts.h"

namespace basewatch::serve {

// The answers of / and /api/v1/status, with the headers that keep a browser from doing more with
// them than to show them.
Answer status_html(const status::Facts& facts, const Call& call);
Answer status_json(const status::Facts& facts, const Call& call);

}  // namespace basewatch::serve
