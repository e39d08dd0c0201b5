#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin/host.h"

namespace basewatch {

// The way from a run to the agent's log and status page. A run may still hang when the exporter has
// been stopped and the host is gone; from then on it speaks to nobody. Any thread.
class HostLink {
 public:
  void connect(Host* host) {
    std::lock_guard guard(mutex_);
    host_ = host;
  }
  void log(LogLevel level, const std::string& message) {
    std::lock_guard guard(mutex_);
    if (host_) host_->log(level, message);
  }
  void note(const std::string& topic, const std::string& message) {
    std::lock_guard guard(mutex_);
    if (host_) host_->note(topic, message);
  }
  void instances(std::vector<FoundInstance> found) {
    std::lock_guard guard(mutex_);
    if (host_) host_->instances(std::move(found));
  }

 private:
  std::mutex mutex_;
  Host* host_ = nullptr;
};

}  // namespace basewatch
