#include "agent/commands/service.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace basewatch::commands {
namespace {

std::optional<Duration> watchdog(const char* socket, const char* usec, const std::string& pid) {
  ::setenv("NOTIFY_SOCKET", socket, 1);
  ::setenv("WATCHDOG_USEC", usec, 1);
  ::setenv("WATCHDOG_PID", pid.c_str(), 1);
  const auto manager = ServiceManager::from_environment();
  for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    CHECK(::getenv(name) == nullptr);  // nothing that we start may speak for us
  }
  manager.ready("to a socket that is not there");
  return manager.watchdog();
}

}  // namespace

TEST_CASE("life is when every part has moved since it was last seen") {
  std::uint64_t timer = 5, reception = 9;
  Liveness parts({[&] { return timer; }, [&] { return reception; }});
  CHECK(!parts.moved());
  ++timer;
  CHECK(!parts.moved());  // the reception stands still
  ++reception;
  CHECK(parts.moved());
  CHECK(!parts.moved());
  ++reception;
  CHECK(!parts.moved());
  ++timer;
  CHECK(parts.moved());
}

TEST_CASE("the watchdog is on when it is meant for us and makes sense") {
  const auto self = std::to_string(::getpid());
  CHECK(watchdog("/nowhere/notify", "30000000", self) == std::chrono::seconds(30));
  CHECK(watchdog("@abstract-nowhere", "500000", "") == std::chrono::milliseconds(500));
  CHECK(!watchdog("/nowhere/notify", "30000000", "1"));
  CHECK(!watchdog("/nowhere/notify", "0", self));
  CHECK(!watchdog("/nowhere/notify", "-5", self));
  CHECK(!watchdog("/nowhere/notify", "99999999999999999999", self));
  CHECK(!watchdog("", "30000000", self));
  CHECK(!watchdog(std::string(300, 'x').c_str(), "x", self));
}

}  // namespace basewatch::commands
