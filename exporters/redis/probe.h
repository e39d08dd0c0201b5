#pragma once

#include <atomic>
#include <memory>

#include "agent/plugin/host.h"
#include "agent/plugin/page.h"
#include "exporters/redis/options.h"

namespace basewatch::redis {

// GET /probe?target=redis://HOST:PORT: the page of a server that stands in nobody's configuration
// but is allowed there (probe_allow). It is asked with the login of the instance that allows it,
// never with one from the URL. Any thread, at most four at once.
class Probe {
 public:
  explicit Probe(Options options) : options_(std::move(options)) {}

  // 404: not for this instance.
  HttpReply answer(const HttpRequest& request, Clock& clock);
  double errors() const { return static_cast<double>(errors_.load()); }

 private:
  bool allows(const clients::RedisUrl& url) const;
  HttpReply refuse(int status, std::string why);

  const Options options_;
  std::atomic<int> running_ = 0;
  std::atomic<std::uint64_t> errors_ = 0;
};

// The peer's own names; `problem` empty: all went well.
struct Summary {
  bool up = false;
  std::string_view problem;
  double duration_seconds = 0, connect_seconds = 0;
  std::optional<double> ping_seconds;
};
void add_summary(Page& page, const Summary& summary);

}  // namespace basewatch::redis
