#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/log.h"
#include "agent/base/self.h"
#include "agent/config/config.h"
#include "agent/serve/server.h"

namespace basewatch::commands {

// Keeps who may reach the server as the configuration and the files it names say: certificates,
// keys, the web configuration, passwords and tokens are looked at once a second, and when one has
// changed and then stood still for a second, all are read anew. What cannot be used is told once,
// and the old goes on. Any thread; everything handed in outlives it.
class AccessKeeper {
 public:
  AccessKeeper(serve::Server& server, Clock& clock, Log& log, Self& self);
  ~AccessKeeper();
  AccessKeeper(const AccessKeeper&) = delete;

  // What `settings` come to, not in force yet; nullptr after errors.
  std::shared_ptr<const serve::Access> prepare(const config::Server& settings,
                                               Diagnostics& diagnostics);
  // Puts into force what was prepared last.
  void commit();

 private:
  using Signatures = std::map<std::string, std::string>;  // by path
  struct State {
    config::Server settings;
    std::shared_ptr<const serve::Access> access;
    Signatures files;  // from before they were read
  };
  static Signatures look_at_files(const config::Server& settings);
  void put_in_force(State state);
  void watch();
  void look();

  serve::Server& server_;
  Clock& clock_;
  Log& log_;
  prometheus::Gauge &expiry_, &successful_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  State current_, prepared_;
  Signatures seen_;  // what the files were when we looked last
  bool stopping_ = false;
  std::thread thread_;  // runs from the first file on
};

// What is served to more people than was perhaps meant.
void warn_of_open_door(const config::Server& server, Diagnostics& diagnostics);

}  // namespace basewatch::commands
