#include <fmt/format.h>

#include <filesystem>

#include "agent/commands/commands.h"
#include "agent/commands/dry_run.h"
#include "agent/commands/output.h"
#include "catalog/compiler/compiler.h"

namespace basewatch::commands {

int generate(const GenerateOptions& options) {
  Diagnostics diagnostics;
  const auto [loaded, site] = load_release(options.release, diagnostics);
  fmt::print(stderr, "{}", diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  if (!options.prometheus.empty()) return dry_run(loaded, site, options.prometheus, options.days);
  std::vector<std::filesystem::path> touched;
  try {
    touched =
        catalog::write_artefacts(catalog::render(loaded, site), options.out, options.check_only);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return kFailed;
  }
  std::string out;
  for (const auto& path : touched) {
    out += fmt::format("{}{}\n", options.check_only ? "stale: " : "wrote ", path.string());
  }
  if (touched.empty()) out = "everything is current\n";
  if (!print_out(out)) return kFailed;
  return options.check_only && !touched.empty() ? kFailed : kFine;
}

}  // namespace basewatch::commands
