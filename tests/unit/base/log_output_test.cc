#include "agent/base/log_output.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "agent/base/unique_fd.h"

namespace basewatch {
namespace {

struct Ends {
  UniqueFd reading, writing;
};

Ends make_pipe() {
  int fds[2];
  REQUIRE(::pipe(fds) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Ends make_sockets() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::string drain(const UniqueFd& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  std::string out;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(fd.get(), buffer, sizeof buffer)) > 0;) {
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

std::string line(int number) {
  auto out = std::to_string(number);
  return std::string(200 - out.size(), 'x') + out + "\n";
}

}  // namespace

TEST_CASE("lines that nobody reads are kept, then counted, and never waited for") {
  for (const bool socket : {false, true}) {
    CAPTURE(socket);
    const auto ends = socket ? make_sockets() : make_pipe();
    LogOutput output(ends.writing.get());
    int written = 0;
    for (; written < 20'000; ++written) CHECK(output.write(line(written)) == 0);
    std::string seen;
    std::size_t lost = 0;
    while (lost == 0) {
      seen += drain(ends.reading);
      lost = output.write(line(written++));
      REQUIRE(written < 30'000);
    }
    seen += drain(ends.reading);
    CHECK(seen.size() == 201 * (static_cast<std::size_t>(written) - lost));
    int last = -1;  // whole lines in order, each once
    for (std::size_t at = 0; at < seen.size(); at += 201) {
      const auto text = seen.substr(at, 201);
      const auto number = std::stoi(text.substr(text.find_last_of('x') + 1));
      CHECK(number > last);
      last = number;
      if (text != line(number)) FAIL("a line is broken: ", text);
    }
    CHECK(output.write(line(1)) == 0);
    CHECK(drain(ends.reading) == line(1));
  }
}

TEST_CASE("a reader that is gone costs nothing") {
  auto ends = make_sockets();
  ends.reading.reset();
  LogOutput output(ends.writing.get());
  for (int i = 0; i < 5000; ++i) CHECK(output.write(line(i)) == 0);
}

}  // namespace basewatch
