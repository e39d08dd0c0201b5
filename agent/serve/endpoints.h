#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/scrape/engine.h"
#include "agent/serve/http.h"
#include "agent/serve/page_text.h"
#include "agent/status/facts.h"

namespace basewatch::serve {

struct EndpointOptions {
  std::string listen;        // host:port; what /sd hands out when the request has no usable Host
  std::string advertise;     // what /sd hands out; empty: the request's Host
  bool openmetrics = false;  // to those whose Accept prefers it; else only on ?format=openmetrics
  std::size_t scrapes = 24;  // at once; fewer than the server has workers
  Duration default_deadline = std::chrono::seconds(8);
  // Reads the configuration anew; the text of what is wrong, empty when all went well.
  std::function<std::string()> reload;
  // What the status page tells besides the instances; must not wait for anybody.
  std::function<status::Facts()> facts = {};
  // Told of every answer: which endpoint, which status, how long it took to make.
  std::function<void(std::string_view endpoint, int status, Duration time)> count;
};

// Answers requests out of the engine. Callable from many threads at once; engine, clock and log
// outlive it.
class Endpoints {
 public:
  Endpoints(scrape::Engine& engine, Clock& clock, Log& log, EndpointOptions options);

  Answer answer(const Call& call);

  // /-/ready says 503 until it is told otherwise, and again when the agent goes down.
  void set_ready(bool ready) { ready_ = ready; }
  // After a reload: where Prometheus reaches us, how many scrapes there may be at once.
  void set_advertise(std::string advertise);
  void set_scrapes(std::size_t scrapes) { most_scrapes_ = scrapes; }
  void set_openmetrics(bool negotiated) { openmetrics_ = negotiated; }

 private:
  Answer route(const Call& call, std::string_view& endpoint);
  Answer metrics(const Call& call);
  Answer service_discovery(const Call& call);
  Answer reload(const Call& call);
  Answer exporters_own(const Call& call);
  Answer page(const Call& call, std::string_view exporter, std::string_view name);
  status::Facts facts() const;
  Format format_of(const Call& call) const;

  scrape::Engine& engine_;
  Clock& clock_;
  Log& log_;
  const EndpointOptions options_;
  mutable std::mutex mutex_;
  std::string advertise_;  // guarded by mutex_
  std::atomic<bool> ready_ = false;
  std::atomic<bool> openmetrics_;
  std::atomic<std::size_t> most_scrapes_, scraping_ = 0;
};

// How long a scrape may take: what Prometheus says it waits, less max(5 %, 250 ms) for the way
// back; `fallback` when the header is missing or makes no sense.
Duration scrape_deadline(std::string_view header, Duration fallback);

}  // namespace basewatch::serve
