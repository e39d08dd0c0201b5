#pragma once

#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/diagnostics.h"

namespace basewatch::catalog {

// A text together with the place it was written, for messages that point into it.
struct Text {
  std::string value;
  Location where;
  std::vector<Anchor> anchors = {};  // where the text does not stand in a row from `where` on

  Location at(std::size_t offset) const { return place_in(where, anchors, offset); }
  bool empty() const { return value.empty(); }
};

}  // namespace basewatch::catalog
