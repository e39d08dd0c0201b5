#include "agent/commands/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace basewatch::commands {

bool print_out(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return true;
    } else if (errno != EINTR) {
      fmt::print(stderr, "basewatch: standard output cannot be written: {}\n",
                 std::strerror(errno));
      return false;
    }
  }
  return true;
}

}  // namespace basewatch::commands
