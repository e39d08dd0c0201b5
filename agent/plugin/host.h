#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log_level.h"
#include "agent/plugin/settings.h"

namespace basewatch {

struct HttpRequest {
  std::string_view path;
  std::span<const std::pair<std::string, std::string>> params;  // decoded, as they came

  // The first of that name.
  std::optional<std::string_view> param(std::string_view name) const {
    for (const auto& [key, value] : params) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};
struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Another system of its kind that an exporter has found: it is watched as an instance of its own,
// with the finder's settings but for `changes`.
struct FoundInstance {
  std::string name;  // what tells it from others of this finder: "10.0.0.7-6379"
  std::string
      identity;  // as Exporter::identity has it; what is watched already is not watched twice
  std::map<std::string, Settings::Value> changes;  // option -> value
};

// What the agent offers to a started exporter. Outlives the exporter; callable from any thread.
class Host {
 public:
  virtual ~Host() = default;
  virtual Clock& clock() = 0;
  // Writes to the agent's own log under the instance's name. One line per state change, please.
  virtual void log(LogLevel level, std::string_view message) = 0;
  // A sentence for the status page, replaced by the next one under the same topic; empty removes
  // it.
  virtual void note(std::string_view topic, std::string message) = 0;
  // All that is found now; replaces what was said before. New ones are watched soon, those that are
  // missing here are let go of after some minutes. At most 64 are taken. Cheap when nothing
  // changes.
  virtual void instances(std::vector<FoundInstance> found) { (void)found; }
  // Answers GET requests to `path` until the exporter is stopped. Several instances may answer the
  // same path: the first whose status is not 404 ("not mine") has the word.
  virtual void endpoint(std::string path, std::function<HttpReply(const HttpRequest&)> handler) = 0;
};

}  // namespace basewatch
