#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch::commands {

// The service manager that started us, by systemd's protocol (sd_notify(3)); without one every call
// does nothing. Never waits for it. Callable from any thread.
class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment:
  // what we start is no part of it. Before any other thread exists.
  static ServiceManager from_environment();

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping() const;
  void feed_watchdog() const;
  // How often the watchdog has to be fed, if it is on.
  std::optional<Duration> watchdog() const { return watchdog_; }

 private:
  void tell(const std::string& state) const;

  std::string socket_;
  std::optional<Duration> watchdog_;
};

// Whether the parts that everything depends on still make progress. Each is asked by a function
// that wakes it and says how many turns it has made so far. One thread.
class Liveness {
 public:
  using Pulse = std::function<std::uint64_t()>;
  explicit Liveness(std::vector<Pulse> parts);

  // True when each part has made a turn since this was last true (or since the beginning).
  bool moved();

 private:
  const std::vector<Pulse> parts_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace basewatch::commands
