#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/slo_rules.h"

namespace basewatch::catalog {
namespace {

class SloReader {
 public:
  SloReader(const yaml::Node& node, Reading reading)
      : reading_(reading), entry_(node, "an SLO", reading.diagnostics) {
    slo_.where = node.where;
  }

  // Nothing where what is missing would make everything after it wrong.
  std::optional<SloEntry> read() {
    slo_.name = entry_.required_string("slo");
    if (!slo_.name.empty() && !is_slo_name(slo_.name)) {
      error("slo", fmt::format("'{}' is no name of an SLO: write small letters, digits and '_', as "
                               "in api_availability",
                               printable(slo_.name)));
      slo_.name.clear();
    }
    slo_.title = entry_.required_string("title");
    slo_.help = entry_.required_string("help");
    if (!slo_.help.empty() && !slo_.help.ends_with('.')) {
      error("help", "help must be a sentence that ends with a period");
    }
    slo_.objective = required_text(entry_, "objective", reading_.diagnostics);
    const bool ok = read_objective();
    slo_.errors = required_text(entry_, "errors", reading_.diagnostics);
    slo_.events = required_text(entry_, "events", reading_.diagnostics);
    constexpr std::string_view kPages[] = {"none", "P1", "P2"};
    const auto page = entry_.choice("page", 0, {kPages[0], kPages[1], kPages[2]});
    if (page > 0) slo_.page = kPages[page];
    read_runbook();
    read_series();
    entry_.finish();
    const bool whole = ok && !slo_.name.empty() && !slo_.errors.empty() && !slo_.events.empty();
    return whole ? std::optional(std::move(slo_)) : std::nullopt;
  }

 private:
  void error(std::string_view key, std::string message) {
    reading_.diagnostics.error(entry_.where(key), std::move(message));
  }

  static bool is_slo_name(std::string_view name) {
    return is_label_name(name) && name.front() != '_' &&
           std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  }

  bool read_objective() {
    const auto* node = entry_.find("objective");
    if (!node) return false;
    const auto value = yaml::as_number(*node, "objective", reading_.diagnostics);
    if (!value) return false;
    if (is_objective(*value)) {
      reading_.catalog.objectives[slo_.threshold()] = {
          *value, fmt::format("{}: share that has to go well over 30 days.", slo_.title),
          node->where};
      return true;
    }
    error("objective",
          fmt::format("objective {} must be a share from 0.95 to below 1, as in 0.999: "
                      "with 1 no budget is left for anything, and below 0.95 none can burn fast",
                      printable(node->scalar)));
    return false;
  }

  void read_runbook() {
    const auto* node = entry_.required("runbook");
    if (!node) return;
    yaml::Mapping runbook(*node, "runbook", reading_.diagnostics);
    slo_.impact = runbook.required_string("impact");
    slo_.diagnosis = runbook.required_string("diagnosis");
    slo_.mitigation = runbook.required_string("mitigation");
    runbook.finish();
  }

  void read_series() {
    const auto* node = entry_.required("tests");
    if (!node) return;
    yaml::Mapping tests(*node, "tests of an SLO", reading_.diagnostics);
    slo_.series = read_test_series(tests, reading_.diagnostics);
    tests.finish();
  }

  Reading reading_;
  yaml::Mapping entry_;
  SloEntry slo_;
};

}  // namespace

bool is_objective(double value) {
  // Below it a budget could not burn 14.4 times as fast as it may, whatever happens.
  return value >= 0.95 && value < 1;
}

void read_slos(const yaml::Node& list, Subject& subject, Reading reading) {
  if (list.kind != yaml::Kind::sequence) {
    reading.diagnostics.error(list.where, "slos must be a list of entries, each with a '-'");
    return;
  }
  std::vector<std::string> names;
  for (const auto& node : list.items) {
    const auto slo = SloReader(node, reading).read();
    if (!slo) continue;
    if (std::ranges::find(names, slo->name) != names.end()) {
      reading.diagnostics.error(slo->where, fmt::format("there are two SLOs '{}'", slo->name));
      continue;
    }
    names.push_back(slo->name);
    add_slo(*slo, subject);
  }
}

}  // namespace basewatch::catalog
