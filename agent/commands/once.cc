#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/trial.h"
#include "agent/plugin/builtin.h"
#include "agent/serve/page_text.h"

namespace basewatch::commands {
namespace {

std::vector<scrape::InstanceResult> scrape_named(Trial& trial,
                                                 const std::vector<std::string>& names) {
  if (names.empty()) return trial.scrape();
  std::vector<scrape::InstanceResult> out;
  for (const auto& name : names) {
    const auto slash = name.find('/');
    const auto exporter = std::string_view(name).substr(0, slash);
    const auto instance =
        slash == std::string::npos ? std::string_view() : std::string_view(name).substr(slash + 1);
    if (exporter.empty() || (slash != std::string::npos && instance.empty())) {
      throw scrape::NoSuchInstance(
          fmt::format("'{}' names no instance: write EXPORTER or EXPORTER/NAME", printable(name)));
    }
    for (auto& result : trial.scrape(exporter, instance)) out.push_back(std::move(result));
  }
  return out;
}

}  // namespace

int once(const std::vector<std::string>& names, const std::string& config_path,
         const std::string& format) {
  Diagnostics diagnostics;
  const auto setup = make_setup(config_path, builtin_plugins(), diagnostics);
  if (!diagnostics.ok()) {
    fmt::print(stderr, "{}", diagnostics.text());
    return kUsage;
  }
  fmt::print(stderr, "{}", setup.refused_modules().text());
  Trial trial(setup, LogLevel::error);
  if (!trial.start(setup, diagnostics)) {
    fmt::print(stderr, "{}", diagnostics.text());
    return kUsage;
  }
  std::vector<scrape::InstanceResult> results;
  try {
    results = scrape_named(trial, names);
  } catch (const scrape::NoSuchInstance& error) {
    fmt::print(stderr, "{}\n", error.what());
    return kUsage;
  }
  // One name is the page of its endpoint; several would run into each other without their labels.
  std::string page;
  serve::write_page(results, names.size() == 1 ? serve::Labelling::none : serve::Labelling::targets,
                    format == "openmetrics" ? serve::Format::openmetrics : serve::Format::text,
                    page);
  for (const auto& result : results) {
    for (const auto& collector : result.collectors) {
      if (failed(collector)) fmt::print(stderr, "{}\n", failure_text(result, collector));
    }
  }
  if (!print_out(page)) return kFailed;
  return status_of(results);
}

}  // namespace basewatch::commands
