#include "agent/base/version.h"

namespace basewatch {

std::string_view version() {
  return BASEWATCH_VERSION;
}

}  // namespace basewatch
