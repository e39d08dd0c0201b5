#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/accept.h"
#include "tests/unit/config/fixture.h"

namespace basewatch::config {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in, path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

// Each tests/fixtures/broken-configs/NAME.yml has NAME.expected beside it: word for word what the
// agent says; `./dev test --accept` writes them anew, to be read before committing.
TEST_CASE("every broken configuration is refused with exactly its message") {
  const std::filesystem::path folder(SOURCE_DIR "/tests/fixtures/broken-configs");
  const bool accept = accepting();
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yml") files.insert(entry.path());
  }
  CHECK(files.size() >= 25);
  for (auto path : files) {
    CAPTURE(path.filename());
    const Loaded loaded(text_of(path), path.filename());
    const auto said = loaded.diagnostics.text();
    CHECK(!loaded.diagnostics.ok());
    CHECK(said.find("hunter2") == std::string::npos);
    path.replace_extension(".expected");
    if (accept) std::ofstream(path) << said;
    CHECK(said == text_of(path));
  }
}

}  // namespace basewatch::config
