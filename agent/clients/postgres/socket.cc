#include "agent/clients/postgres/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"

namespace basewatch::clients {

bool wait_for(int fd, bool reading, bool writing, const Deadline& deadline) {
  pollfd asked{fd, static_cast<short>((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
    const int ready = ::poll(&asked, 1, static_cast<int>(std::min<long long>(left, INT_MAX)));
    if (ready > 0) return true;
    if (ready == 0 && deadline.passed()) return false;
    if (ready < 0 && errno != EINTR) return true;  // libpq's next call finds out what is wrong
  }
}

void part(Handle connection, Duration most) {
  const auto deadline = Deadline::in(Clock::system(), most);
  // PQfinish closes its descriptor with its last words; ours hears the answer, which is the end.
  const UniqueFd fd(::fcntl(PQsocket(connection.get()), F_DUPFD_CLOEXEC, 0));
  connection.reset();
  char ignored[256];
  while (fd && wait_for(fd.get(), true, false, deadline)) {
    const auto received = ::recv(fd.get(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (received == 0 || (received < 0 && errno != EINTR)) break;
  }
}

std::string words_of(const char* message) {
  std::string out;
  std::string_view rest = message ? message : "", line;
  while (next_line(rest, line)) {
    if (line = trim(line); line.empty()) continue;
    out += (out.empty() ? "" : "; ") + std::string(line);
  }
  return printable(out, 400);
}

}  // namespace basewatch::clients
