#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "agent/base/self.h"
#include "agent/commands/setup.h"
#include "agent/scrape/engine.h"

namespace basewatch::commands {

inline constexpr auto kTrialTime = std::chrono::seconds(30);

// An engine for one scrape with everything in place: what `once` and `check` have in common.
class Trial {
 public:
  Trial(const Setup& setup, LogLevel least);

  // What the engine refuses becomes an error in `diagnostics`.
  bool start(const Setup& setup, Diagnostics& diagnostics);

  ~Trial() { log_.flush(); }

  // What the exporters left as notes, besides the results.
  std::vector<scrape::InstanceStatus> snapshot() const { return engine_.snapshot(); }

  // Throws NoSuchInstance.
  std::vector<scrape::InstanceResult> scrape(std::string_view exporter = {},
                                             std::string_view name = {});

 private:
  Log& log_;
  Self self_;
  scrape::Engine engine_;
};

// One collector that did not work, in words: "node/main cpu: cannot read /proc/stat".
std::string failure_text(const scrape::InstanceResult& result, const CollectorResult& collector);

bool failed(const CollectorResult& collector);

// kFine, kPartly or kFailed, by how many of the collectors that are not absent have failed.
int status_of(const std::vector<scrape::InstanceResult>& results);

}  // namespace basewatch::commands
