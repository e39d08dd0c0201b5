#include "agent/modules/plugin_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"

namespace basewatch::modules {
namespace {

// What every instance of every exporter has in basewatch.yml already.
constexpr std::string_view kTaken[] = {"name", "job", "timeout", "max_series", "labels"};

bool is_name(std::string_view name, bool dots) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (dots && c == '.');
  });
}

}  // namespace

std::string plugin_problem(const Plugin& plugin) {
  if (!is_name(plugin.name, false)) {
    return fmt::format("brings an exporter called '{}', which is no name: a-z, 0-9 and '_'",
                       printable(plugin.name));
  }
  if (!plugin.create) return fmt::format("brings an exporter '{}' without a create", plugin.name);
  if (plugin.default_job.empty() || printable(plugin.default_job) != plugin.default_job) {
    return fmt::format("brings an exporter '{}' without a default_job", plugin.name);
  }
  std::set<std::string_view> seen;
  for (const auto& option : plugin.options) {
    const auto first = option.name.substr(0, option.name.find('.'));
    if (!is_name(option.name, true) || std::ranges::find(kTaken, first) != std::end(kTaken) ||
        option.name == "collectors" || !seen.insert(option.name).second) {
      return fmt::format(
          "has an option '{}' that is no name, stands twice, or is one that every "
          "exporter has",
          printable(option.name));
    }
  }
  return {};
}

}  // namespace basewatch::modules
