#pragma once

#include <mutex>
#include <string>

#include "agent/base/log.h"
#include "agent/base/self.h"
#include "agent/commands/setup.h"
#include "agent/scrape/engine.h"

namespace basewatch::commands {

// Takes a configuration file over, at the start and again on each reload, all or nothing: with any
// error the agent goes on as it was. Callable from any thread; one reload at a time. Everything
// handed in outlives it.
class Reloader {
 public:
  Reloader(std::string path, std::span<const Plugin* const> plugins, scrape::Engine& engine,
           Clock& clock, Log& log, Self& self);

  // The first time: `setup` was loaded before there was an engine. What is wrong, or empty.
  std::string start(Setup setup);

  // What is wrong, one line each, or empty.
  std::string reload();

  // What the endpoints hand out; of the configuration in force.
  config::Server server() const;

 private:
  std::string fail(const Diagnostics& diagnostics);
  void succeed();
  void tell_modules(const Setup& setup);
  void refuse_restarts(const Setup& next, Diagnostics& diagnostics) const;

  const std::string path_;
  const std::span<const Plugin* const> plugins_;
  scrape::Engine& engine_;
  Clock& clock_;
  Log& log_;
  prometheus::Gauge& successful_;
  prometheus::Gauge& succeeded_at_;
  prometheus::Gauge &modules_loaded_, &modules_refused_;
  mutable std::mutex mutex_;
  Setup current_;
};

// "added redis/cache; changed node/main", for the log; empty when nothing did.
std::string difference(const Setup& before, const Setup& after);

}  // namespace basewatch::commands
