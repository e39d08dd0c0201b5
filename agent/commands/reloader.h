#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "agent/base/log.h"
#include "agent/base/self.h"
#include "agent/commands/setup.h"
#include "agent/discover/discover.h"
#include "agent/scrape/engine.h"
#include "agent/status/facts.h"

namespace basewatch::commands {

// What else takes a configuration over, beside the engine: `prepare` may refuse it, then the engine
// may, and `commit` cannot fail.
struct ReloadStep {
  std::function<bool(const Setup&, Diagnostics&)> prepare;
  std::function<void(const Setup&)> commit;
};

// Takes a configuration file over, at the start and again on each reload, all or nothing: with any
// error the agent goes on as it was. Callable from any thread; one reload at a time. Everything
// handed in outlives it.
class Reloader {
 public:
  Reloader(std::string path, std::span<const Plugin* const> plugins, scrape::Engine& engine,
           Clock& clock, Log& log, Self& self, ReloadStep step = {});

  // The first time: `setup` was loaded before there was an engine. What is wrong, or empty.
  // `warnings` are those of the loading.
  std::string start(Setup setup, const Diagnostics& warnings = {});

  // What is wrong, one line each, or empty.
  std::string reload();

  // What the status page tells of the configuration. Does not wait for a reload that goes on.
  struct Standing {
    std::string node;
    status::ConfigFacts config;
    std::vector<discover::Configured> configured;  // holds what may be secret: never shown
  };
  Standing standing() const;

 private:
  bool take(const Setup& next, Diagnostics& diagnostics);
  std::string shown_path() const;
  std::string fail(const Diagnostics& diagnostics);
  void succeed(const Setup& setup, const Diagnostics& warnings);
  void tell_modules(const Setup& setup);
  void refuse_restarts(const Setup& next, Diagnostics& diagnostics) const;

  const std::string path_;
  const std::span<const Plugin* const> plugins_;
  scrape::Engine& engine_;
  Clock& clock_;
  Log& log_;
  const ReloadStep step_;
  prometheus::Gauge& successful_;
  prometheus::Gauge& succeeded_at_;
  prometheus::Counter& successes_;
  prometheus::Counter& failures_;
  prometheus::Gauge &modules_loaded_, &modules_refused_;
  std::mutex mutex_;
  Setup current_;
  mutable std::mutex standing_mutex_;  // taken after mutex_, and never held for long
  Standing standing_;
};

// "added redis/cache; changed node/main", for the log; empty when nothing did.
std::string difference(const Setup& before, const Setup& after);

}  // namespace basewatch::commands
