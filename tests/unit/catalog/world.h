#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "agent/base/diagnostics.h"
#include "catalog/compiler/compiler.h"
#include "catalog/load/load.h"

namespace basewatch::catalog {

// A catalog and a site, loaded and checked; everything said about them is in `diagnostics`.
struct World {
  Diagnostics diagnostics;
  Catalog catalog;
  Site site;

  explicit World(const Files& files, const std::string& user_site = "", bool checked = true) {
    catalog = load(files, "", diagnostics);
    site = load_site(files, catalog, user_site, diagnostics);
    if (checked && diagnostics.ok()) check(catalog, site, diagnostics);
  }
};

inline std::filesystem::path fixture(std::string_view name) {
  return std::filesystem::path(SOURCE_DIR) / "tests/fixtures" / name;
}

inline Files read_fixture(std::string_view name) {
  Diagnostics diagnostics;
  auto files = read_folder(fixture(name).string(), diagnostics);
  if (!diagnostics.ok()) throw InputError(diagnostics.text());
  return files;
}

// A folder of its own that goes when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "basewatch-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw InputError("cannot make a temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace basewatch::catalog
