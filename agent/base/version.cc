#include "agent/base/version.h"

namespace basewatch {

std::string_view version() {
  return BASEWATCH_VERSION;
}

std::string_view revision() {
  return BASEWATCH_REVISION;
}

std::string_view compiler() {
  return BASEWATCH_COMPILER;
}

}  // namespace basewatch
