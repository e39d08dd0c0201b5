#include "agent/scrape/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "agent/base/strings.h"

namespace basewatch::scrape {
namespace {

std::string list_of(const std::set<std::string_view>& names) {
  return names.empty() ? "none" : join(names, ", ");
}

// The instances of the endpoint, without a look at the filter.
Instances find_instances(const Instances& instances, const Request& request) {
  if (request.exporter.empty()) return instances;
  std::set<std::string_view> exporters, names;
  Instances of_exporter, found;
  for (const auto& instance : instances) {
    exporters.insert(instance->exporter_name());
    if (instance->exporter_name() != request.exporter) continue;
    names.insert(instance->name());
    of_exporter.push_back(instance);
    if (instance->name() == request.name) found.push_back(instance);
  }
  const auto exporter = printable(request.exporter);
  if (of_exporter.empty()) {
    throw NoSuchInstance(fmt::format("no exporter \"{}\" is configured; there are: {}", exporter,
                                     list_of(exporters)));
  }
  if (!found.empty()) return found;
  if (request.name.empty() && of_exporter.size() == 1) return of_exporter;
  if (request.name.empty()) {
    throw NoSuchInstance(fmt::format("the exporter \"{}\" has several instances; choose one of: {}",
                                     exporter, list_of(names)));
  }
  throw NoSuchInstance(fmt::format("the exporter \"{}\" has no instance \"{}\"; there are: {}",
                                   exporter, printable(request.name), list_of(names)));
}

// Every name in collect[] has to mean a collector that runs in at least one of the instances.
void check_collect(const Instances& instances, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    std::set<std::string_view> known;
    bool found = false, off = false;
    for (const auto& instance : instances) {
      found = found || instance->find(name);
      off = off || instance->knows(name);
      for (auto& state : instance->states()) known.insert(state.collector().name);
    }
    if (found) continue;
    throw std::invalid_argument(fmt::format("collect[]: the collector \"{}\" {}; there are: {}",
                                            printable(name), off ? "is switched off" : "is unknown",
                                            list_of(known)));
  }
}

}  // namespace

std::vector<Choice> select(const Instances& instances, const Request& request) {
  if (!request.collect.empty() && !request.exclude.empty()) {
    throw std::invalid_argument("collect[] and exclude[] cannot be combined; use one of them");
  }
  const auto found = find_instances(instances, request);
  check_collect(found, request.collect);
  const auto in = [](const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::vector<Choice> choices;
  for (const auto& instance : found) {
    Choice choice{instance, {}};
    for (auto& state : instance->states()) {
      const auto name = state.collector().name;
      if (request.collect.empty() ? !in(request.exclude, name) : in(request.collect, name)) {
        choice.states.push_back(&state);
      }
    }
    if (choice.states.empty() && !request.collect.empty()) continue;
    choices.push_back(std::move(choice));
  }
  return choices;
}

}  // namespace basewatch::scrape
