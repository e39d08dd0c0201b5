#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "agent/base/strings.h"
#include "tests/accept.h"
#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Cuts a case into its files. Each is preceded by as many empty lines as stand before it, so that
// its line numbers are those of the case.
Files files_of(const std::string& text) {
  constexpr std::string_view kMark = "# file: ";
  Files files;
  std::string* current = nullptr;
  std::string newlines;
  std::string_view rest = text, line;
  while (next_line(rest, line)) {
    if (line.starts_with(kMark)) {
      current = &files[std::string(line.substr(kMark.size()))];
      *current = newlines;
    }
    if (current) current->append(line).append("\n");
    newlines += '\n';
  }
  return files;
}

std::string told_about(const fs::path& path) {
  auto files = read_fixture("broken-catalogs/base");
  for (auto& [name, text] : files_of(read(path))) files[name] = text;
  TemporaryFolder folder;
  std::string user_site;
  if (const auto site = files.extract("site.yml"); !site.empty()) {
    user_site = (folder.path() / "site.yml").string();
    std::ofstream(user_site) << site.mapped();
  }
  auto text = World(files, user_site).diagnostics.text();
  const auto prefix = folder.path().string() + "/";
  for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

}  // namespace

TEST_CASE("what is said about broken catalogs") {
  const bool accept = accepting();
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(fixture("broken-catalogs"))) {
    if (entry.path().extension() == ".yml") cases.insert(entry.path());
  }
  CHECK(cases.size() >= 60);
  for (const auto& path : cases) {
    const auto text = told_about(path);
    CHECK_MESSAGE(!text.empty(), path.filename());
    const auto expected = fs::path(path).replace_extension(".expected");
    if (accept) std::ofstream(expected) << text;
    CHECK_MESSAGE(text == read(expected), path.filename());
  }
}

TEST_CASE("the catalog under the broken ones is good") {
  CHECK(World(read_fixture("broken-catalogs/base")).diagnostics.text() == "");
}

TEST_CASE("the small catalog is good, alone and with a user's site") {
  CHECK(World(read_fixture("small-catalog")).diagnostics.text() == "");
  const auto site = fixture("small-site/site.yml").string();
  CHECK(World(read_fixture("small-catalog"), site).diagnostics.text() == "");
}

}  // namespace basewatch::catalog
