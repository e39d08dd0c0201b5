#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/log_level.h"

namespace basewatch {

struct HttpRequest {
  std::string_view path, query;
};
struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What the agent offers to a started exporter. Outlives the exporter; callable from any thread.
class Host {
 public:
  virtual ~Host() = default;
  virtual Clock& clock() = 0;
  // Writes to the agent's own log under the instance's name. One line per state change, please.
  virtual void log(LogLevel level, std::string_view message) = 0;
  // A sentence for the status page, replaced by the next one under the same topic; empty removes it.
  virtual void note(std::string_view topic, std::string message) = 0;
  // Answers GET requests to `path` until the exporter is stopped.
  virtual void endpoint(std::string path, std::function<HttpReply(const HttpRequest&)> handler) = 0;
};

}  // namespace basewatch
