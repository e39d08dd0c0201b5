#include "agent/clients/resolver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "agent/base/strings.h"
#include "agent/base/thread.h"

namespace basewatch::clients {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 60s;
constexpr std::size_t kMostAddresses = 8;

}  // namespace

struct Resolver::State {
  struct Name {
    std::vector<std::string> addresses;
    std::string error;
    MonoTime looked_up{};
    bool busy = false;
    std::uint64_t answers = 0;  // lookups that have ended
  };

  explicit State(Lookup lookup) : lookup(std::move(lookup)) {}

  const Lookup lookup;
  std::mutex mutex;
  std::condition_variable answered;
  std::map<std::string, Name> names;  // as many as there are hosts in the configuration
};

Resolver::Resolver(Lookup lookup) : state_(std::make_shared<State>(std::move(lookup))) {}

std::shared_ptr<Resolver> Resolver::shared() {
  static const auto resolver = std::make_shared<Resolver>();
  return resolver;
}

std::vector<std::string> Resolver::resolve(const std::string& host, const Deadline& deadline) {
  std::unique_lock lock(state_->mutex);
  auto& name = state_->names[host];
  const bool known = !name.addresses.empty();
  const auto age = std::chrono::steady_clock::now() - name.looked_up;
  if (known && age < kFresh) return name.addresses;
  const auto answers = name.answers;
  if (!name.busy) {
    name.busy = true;
    start_thread("resolver", [state = state_, host] {
      std::vector<std::string> found;
      std::string error;
      try {
        found = state->lookup(host);
      } catch (const std::exception& failure) {
        error = failure.what();
      }
      std::lock_guard guard(state->mutex);
      auto& own = state->names[host];
      if (error.empty()) own.addresses = std::move(found);
      own.error = std::move(error);
      own.looked_up = std::chrono::steady_clock::now();
      own.busy = false;
      ++own.answers;
      state->answered.notify_all();
    }).detach();
  }
  if (known) return name.addresses;
  if (!state_->answered.wait_for(lock, deadline.remaining(),
                                 [&] { return name.answers != answers; })) {
    throw ResolveError(fmt::format("the name server has not answered for {}", printable(host)));
  }
  if (!name.addresses.empty()) return name.addresses;
  throw ResolveError(name.error.empty() ? fmt::format("{} has no address", printable(host))
                                        : name.error);
}

std::vector<std::string> Resolver::system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list)) {
    throw ResolveError(
        fmt::format("the host {} cannot be resolved: {}", printable(host), ::gai_strerror(error)));
  }
  std::vector<std::string> out;
  for (const auto* entry = list; entry && out.size() < kMostAddresses; entry = entry->ai_next) {
    char text[INET6_ADDRSTRLEN + 1 + 16] = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::ranges::find(out, text) == out.end()) out.emplace_back(text);
  }
  ::freeaddrinfo(list);
  return out;
}

}  // namespace basewatch::clients
