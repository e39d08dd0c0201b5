#include <cstdlib>
#include <string>

#include "agent/base/strings.h"
#include "agent/base/yaml.h"
#include "catalog/compiler/compiler.h"
#include "catalog/load/load.h"

// Whatever stands in a catalog's files: loading and checking end in time, and what they find
// nothing wrong with is rendered, to YAML that reads back. Lines `# file: node/metrics.yml` cut the
// input.

namespace {

namespace catalog = basewatch::catalog;

catalog::Files files_of(std::string_view input) {
  constexpr std::string_view kMark = "# file: ";
  catalog::Files files;
  std::string* current = &files["node/metrics.yml"];
  std::string_view line;
  while (basewatch::next_line(input, line)) {
    if (line.starts_with(kMark)) current = &files[std::string(line.substr(kMark.size()))];
    current->append(line).append("\n");
  }
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  basewatch::Diagnostics diagnostics;
  const auto files = files_of({reinterpret_cast<const char*>(data), size});
  auto loaded = catalog::load(files, "", diagnostics);
  const auto site = catalog::load_site(files, loaded, "", diagnostics);
  catalog::check(loaded, site, diagnostics);
  if (!basewatch::is_valid_utf8(diagnostics.text())) std::abort();
  if (!diagnostics.ok()) return 0;
  for (const auto& subject : loaded.subjects) catalog::render_descriptors(subject);
  for (const auto& artefact : catalog::render(loaded, site)) {
    if (artefact.path.extension() != ".yml") continue;
    basewatch::yaml::parse(artefact.text, artefact.path.string(), diagnostics);
  }
  if (!diagnostics.ok()) std::abort();
  return 0;
}
