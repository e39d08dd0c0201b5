#pragma once

#include <memory>
#include <string_view>

#include "agent/plugin/settings.h"

namespace re2 {
class RE2;
}

namespace basewatch {

// Which names a collector looks at: those an `exclude` expression does not match and, when there is
// one, an `include` expression does. Both are options of type regex; an empty one filters nothing.
// Throws SettingError for an expression that is none, and when both are written. An exclude that is
// only a default gives way to a written include. Read-only: any thread.
class NameFilter {
 public:
  NameFilter(const Settings& settings, std::string_view exclude_option,
             std::string_view include_option);

  bool accepts(std::string_view name) const;

 private:
  std::shared_ptr<const re2::RE2> exclude_, include_;
};

// The same for systemd's units, by node_exporter's other rule: a name must match `include` as a
// whole and must not match `exclude` as a whole, whichever of them are written.
class WholeNameFilter {
 public:
  WholeNameFilter(const Settings& settings, std::string_view exclude_option,
                  std::string_view include_option);

  bool accepts(std::string_view name) const;

 private:
  std::shared_ptr<const re2::RE2> exclude_, include_;
};

}  // namespace basewatch
