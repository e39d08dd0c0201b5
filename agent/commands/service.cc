#include "agent/commands/service.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"

namespace basewatch::commands {
namespace {

std::string take_variable(const char* name) {
  const auto* value = std::getenv(name);
  const std::string out = value ? value : "";
  ::unsetenv(name);
  return out;
}

std::optional<Duration> watchdog_of(const std::string& usec, const std::string& pid) {
  const auto span = parse_uint(usec);
  constexpr std::uint64_t kDay = 86'400'000'000;
  if (!span || *span == 0 || *span > kDay) return std::nullopt;
  if (!pid.empty() && parse_int(pid) != std::optional<std::int64_t>(::getpid()))
    return std::nullopt;
  return std::chrono::microseconds(*span);
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.socket_ = take_variable("NOTIFY_SOCKET");
  const auto usec = take_variable("WATCHDOG_USEC"), pid = take_variable("WATCHDOG_PID");
  if (!out.socket_.empty()) out.watchdog_ = watchdog_of(usec, pid);
  return out;
}

void ServiceManager::ready(std::string_view status) const {
  tell(fmt::format("READY=1\nSTATUS={}", printable(status, 500)));
}

void ServiceManager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reads its configuration",
                   now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void ServiceManager::stopping() const {
  tell("STOPPING=1\nSTATUS=ends");
}

void ServiceManager::feed_watchdog() const {
  tell("WATCHDOG=1");
}

void ServiceManager::tell(const std::string& state) const {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof to.sun_path) return;
  std::memcpy(to.sun_path, socket_.data(), socket_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // an abstract one
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&to), size);
}

Liveness::Liveness(std::vector<Pulse> parts) : parts_(std::move(parts)) {
  for (const auto& pulse : parts_) seen_.push_back(pulse());
}

bool Liveness::moved() {
  std::vector<std::uint64_t> now;
  bool all = true;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    now.push_back(parts_[i]());
    all = all && now[i] != seen_[i];
  }
  if (all) seen_ = std::move(now);
  return all;
}

}  // namespace basewatch::commands
