#include "exporters/node/read/kept_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "exporters/node/read/shared_file.h"
#include "tests/unit/node/support.h"

using namespace std::chrono_literals;

namespace basewatch::node {

TEST_CASE("a file of procfs is kept open and read anew each time") {
  KeptFile file("/proc/self/stat");
  const auto first = std::string(file.read().text);
  CHECK(file.is_kept());
  CHECK(file.read().text.substr(0, 5) == first.substr(0, 5));
  CHECK(file.read().path == "/proc/self/stat");
}

TEST_CASE("any other file is opened each time, for it is replaced by renaming") {
  const Tree tree;
  tree.write("stat", "old\n");
  KeptFile file(tree.path("stat"));
  CHECK(file.read().text == "old\n");
  CHECK(!file.is_kept());
  tree.write("new", "the new text\n");
  std::filesystem::rename(tree.path("new"), tree.path("stat"));
  CHECK(file.read().text == "the new text\n");
  tree.write("stat", "");
  CHECK(file.read().text.empty());
  std::filesystem::remove(tree.path("stat"));
  CHECK(thrown([&] { file.read(); }) ==
        "cannot read " + tree.path("stat") + ": no such file or directory");
  CHECK(!file.try_read());
}

TEST_CASE("large files are read whole up to the limit, and refused above it") {
  const Tree tree;
  for (const std::size_t size : {4095u, 4096u, 4097u, 65536u, 100'000u}) {
    tree.write("file", std::string(size, 'x'));
    KeptFile file(tree.path("file"), 100'000);
    CHECK(file.read().text.size() == size);
  }
  tree.write("file", std::string(100'001, 'x'));
  KeptFile file(tree.path("file"), 100'000);
  CHECK(thrown([&] { file.read(); }) ==
        tree.path("file") + " is larger than 100000 bytes and is not read");
}

TEST_CASE("a pipe or a folder in its place fails at once") {
  const Tree tree;
  REQUIRE(mkfifo(tree.path("pipe").c_str(), 0600) == 0);
  KeptFile pipe(tree.path("pipe")), folder(tree.path());
  CHECK(!thrown([&] { pipe.read(); }).empty());
  CHECK(thrown([&] { folder.read(); }).ends_with(": is a directory"));
}

TEST_CASE("a number of sysfs is one number or nothing") {
  const Tree tree;
  const auto number = [&](std::string_view text) {
    tree.write("n", text);
    KeptFile file(tree.path("n"));
    return read_number(file);
  };
  CHECK(number("42\n") == 42u);
  CHECK(!number(""));
  CHECK(!number("-1\n"));
  CHECK(!number("4 2\n"));
  CHECK(!number("<unsupported>\n"));
}

TEST_CASE("the readers of one scrape share a text, and the next scrape has a new one") {
  const Tree tree;
  FakeClock clock;
  SharedFile file(tree.path("stat"), clock);
  const auto read = [&](unsigned reader) {
    std::string text;
    file.read(reader, [&](const Source& source) { text = source.text; });
    return text;
  };
  tree.write("stat", "1");
  CHECK(read(1) == "1");
  tree.write("stat", "2");
  CHECK(read(2) == "1");
  CHECK(read(1) == "2");
  tree.write("stat", "3");
  clock.advance(51ms);
  CHECK(read(2) == "3");
  std::filesystem::remove(tree.path("stat"));
  CHECK(!thrown([&] { read(2); }).empty());
  tree.write("stat", "4");
  CHECK(read(1) == "4");  // not the text from before the failure
}

}  // namespace basewatch::node
