#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/strings.h"

// Finding things that carry a name, and what to say when there is none of it.
namespace basewatch::catalog {

// The entry of this name, or nullptr.
template <typename Entry>
Entry* find_named(std::vector<Entry>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &Entry::name);
  return found == list.end() ? nullptr : &*found;
}

// Which was probably meant, or which there are.
template <typename Entry>
std::string there_are(const std::vector<Entry>& list, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& entry : list) names.push_back(entry.name);
  const auto guess = nearest(name, names);
  if (!guess.empty()) return fmt::format("did you mean '{}'?", guess);
  return names.empty() ? "there are none" : "there are " + join(names, ", ");
}

}  // namespace basewatch::catalog
