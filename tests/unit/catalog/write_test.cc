#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "catalog/compiler/render.h"
#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string get(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::string generated(const std::string& text) {
  return std::string(kGenerated) + text;
}

}  // namespace

TEST_CASE("only what differs is written") {
  TemporaryFolder folder;
  const auto& out = folder.path();
  const std::vector<Artefact> artefacts{{"rules/alerts/a.yml", generated("a\n")},
                                        {"rules/alerts/b.yml", generated("b\n")}};
  const Paths both{"rules/alerts/a.yml", "rules/alerts/b.yml"};
  CHECK(write_artefacts(artefacts, out, true) == both);
  CHECK(!fs::exists(out / "rules"));
  CHECK(write_artefacts(artefacts, out, false) == both);
  CHECK(get(out / "rules/alerts/a.yml") == generated("a\n"));
  const auto time = fs::last_write_time(out / "rules/alerts/a.yml");
  CHECK(write_artefacts(artefacts, out, false).empty());
  CHECK(fs::last_write_time(out / "rules/alerts/a.yml") == time);
  put(out / "rules/alerts/b.yml", "edited");
  CHECK(write_artefacts(artefacts, out, true) == Paths{"rules/alerts/b.yml"});
  CHECK(write_artefacts(artefacts, out, false) == Paths{"rules/alerts/b.yml"});
  CHECK(std::distance(fs::directory_iterator(out / "rules/alerts"), fs::directory_iterator()) == 2);
}

TEST_CASE("stale files go where they are ours, and only those we made") {
  TemporaryFolder folder;
  const auto& out = folder.path();
  put(out / "rules/alerts/old.yml", generated("x"));
  put(out / "rules/alerts/mine.yml", "written by hand");
  put(out / "rules/other/old.yml", generated("x"));
  put(out / "old.yml", generated("x"));
  CHECK(write_artefacts({}, out, true) == Paths{"rules/alerts/old.yml"});
  CHECK(fs::exists(out / "rules/alerts/old.yml"));
  CHECK(write_artefacts({}, out, false) == Paths{"rules/alerts/old.yml"});
  CHECK(!fs::exists(out / "rules/alerts/old.yml"));
  CHECK(fs::exists(out / "rules/alerts/mine.yml"));
  CHECK(fs::exists(out / "rules/other/old.yml"));
  CHECK(fs::exists(out / "old.yml"));
}

TEST_CASE("what cannot be written is told with its path") {
  TemporaryFolder folder;
  put(folder.path() / "rules", "a file where a folder must be");
  CHECK_THROWS_AS(write_artefacts({{"rules/alerts/a.yml", "a"}}, folder.path(), false), InputError);
  TemporaryFolder other;
  fs::create_directories(other.path() / "rules/alerts/a.yml/x");
  CHECK_THROWS_AS(write_artefacts({{"rules/alerts/a.yml", "a"}}, other.path(), false), InputError);
  CHECK(std::distance(fs::directory_iterator(other.path() / "rules/alerts"),
                      fs::directory_iterator()) == 1);  // no temporary file stays
}

}  // namespace basewatch::catalog
