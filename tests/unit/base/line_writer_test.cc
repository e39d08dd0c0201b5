#include "agent/base/line_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "agent/base/unique_fd.h"

using namespace std::chrono_literals;

namespace basewatch {
namespace {

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  // As many bytes as are asked for, waiting for them.
  std::string take(std::size_t bytes) const {
    std::string out(bytes, '\0');
    std::size_t size = 0;
    while (size < bytes) {
      const auto got = ::read(read.get(), out.data() + size, bytes - size);
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
    }
    out.resize(size);
    return out;
  }
};

}  // namespace

TEST_CASE("lines come out in order, and all of them before flush returns") {
  const Pipe pipe;
  LineWriter writer(pipe.write.get());
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const auto line = "line " + std::to_string(i) + "\n";
    CHECK(writer.write(line));
    expected += line;
  }
  CHECK(writer.flush(10s));
  CHECK(pipe.take(expected.size()) == expected);
  CHECK(writer.failed() == 0);
}

TEST_CASE("a reader that does not read holds up nobody; what does not fit is refused") {
  const Pipe pipe;
  const auto room = static_cast<std::size_t>(::fcntl(pipe.write.get(), F_GETPIPE_SZ));
  const std::string full(room, 'f');
  REQUIRE(::write(pipe.write.get(), full.data(), room) == static_cast<ssize_t>(room));
  constexpr std::size_t kBound = 4096;
  const std::string line(99, 'x');
  std::size_t taken = 0, refused = 0;
  LineWriter writer(pipe.write.get(), kBound);
  // What is being written and what waits can be taken: then every line is refused.
  while (refused == 0) {
    REQUIRE(taken * 100 <= 2 * kBound);
    writer.write(line + "\n") ? ++taken : ++refused;
  }
  CHECK(!writer.flush(1ms));
  CHECK(pipe.take(room) == full);
  CHECK(pipe.take(taken * 100).size() == taken * 100);
  CHECK(writer.flush(10s));
  CHECK(writer.write("after\n"));
  CHECK(pipe.take(6) == "after\n");
}

TEST_CASE("lines that nobody can ever take are counted") {
  Pipe pipe;
  pipe.read.reset();
  LineWriter writer(pipe.write.get());
  CHECK(writer.write("one\n"));
  CHECK(writer.flush(10s));
  CHECK(writer.write("two\n"));
  CHECK(writer.flush(10s));
  CHECK(writer.failed() == 2);
}

}  // namespace basewatch
