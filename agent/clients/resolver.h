#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch::clients {

class ResolveError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Host names to addresses, off the path of whoever has a deadline: getaddrinfo() can block for half
// a minute and cannot be interrupted, so each lookup has a thread of its own, one a name at a time.
//
// What is known is answered at once; when it is older than a minute, a lookup is begun for the next
// time. Only a name without an answer is waited for. Any thread; lookups may outlive the resolver.
class Resolver {
 public:
  // All addresses of a name, as text. Throws ResolveError.
  using Lookup = std::function<std::vector<std::string>(const std::string& host)>;

  explicit Resolver(Lookup lookup);
  Resolver() : Resolver(system_lookup) {}
  static std::shared_ptr<Resolver> shared();  // one per agent

  // Throws ResolveError when there is no such name, or no answer by then.
  std::vector<std::string> resolve(const std::string& host, const Deadline& deadline);

  static std::vector<std::string> system_lookup(const std::string& host);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace basewatch::clients
