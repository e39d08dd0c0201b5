#pragma once

#include <string>
#include <string_view>

#include "agent/plugin/exporter.h"

namespace basewatch::status {

// What a person can do about a failure, in a sentence or two: by the state, and by the words that
// the kernel, PostgreSQL, Redis, curl and we ourselves use. Never empty: where nothing fits, it
// says where more can be learnt.
std::string remedy(std::string_view exporter, std::string_view collector, RunState state,
                   std::string_view reason);

// The same for an exporter's note, which need not tell of a failure: empty where nothing fits.
std::string remedy_for_note(std::string_view exporter, std::string_view topic,
                            std::string_view note);

// The text without what looks like a password: in a URL, in a connection string.
std::string without_secrets(std::string_view text);

}  // namespace basewatch::status
