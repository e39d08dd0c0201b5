#pragma once

#include <string>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// Calls visit(device, key, value) for every pair `key:value` of /proc/drbd; a number alone before
// the colon begins a device ("1: cs:Connected ..."). Words that are no pair are skipped.
template <typename Visit>
void for_each_drbd_pair(const Source& source, Visit&& visit) {
  std::string device = "unknown";
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
      const auto colon = word.find(':');
      if (colon == word.npos || word.find(':', colon + 1) != word.npos) continue;
      const auto key = word.substr(0, colon), value = word.substr(colon + 1);
      if (value.empty() && parse_uint(key)) {
        device.assign("drbd").append(key);
      } else {
        visit(std::string_view(device), key, value);
      }
    }
  }
}

}  // namespace basewatch::node
