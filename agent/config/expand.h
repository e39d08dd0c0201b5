#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/diagnostics.h"
#include "agent/base/yaml.h"

namespace basewatch::config {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Puts the environment's values in place of ${VAR} and ${VAR:-default} in every value of a tree
// (never in its keys) and $ in place of $$. Remembers what was written there: an error message
// shows
// ${PASSWORD}, never what it stands for.
class Expander {
 public:
  Expander(const Environment& environment, Diagnostics& diagnostics)
      : environment_(environment), diagnostics_(diagnostics) {}

  void expand(yaml::Node& node);

  // The scalar as it stands in the file, fit for a message.
  std::string shown(const yaml::Node& scalar) const;

 private:
  std::string expand_text(const std::string& text, const Location& where);
  std::string variable(const std::string& inside, const Location& where);

  const Environment& environment_;
  Diagnostics& diagnostics_;
  std::map<std::pair<int, int>, std::string> written_;  // by line and column
};

}  // namespace basewatch::config
