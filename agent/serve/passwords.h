#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/network.h"

namespace basewatch::serve {

// A digest under a key that is drawn when the process starts and never leaves it.
using Digest = std::array<std::uint8_t, 32>;
Digest keyed_digest(std::string_view text);
// Takes the same time wherever two digests differ.
bool equal(const Digest& a, const Digest& b);

enum class Password { right, wrong, busy };

// Compares passwords with bcrypt hashes. That costs a processor 50 ms or more each time, so what
// was found out is remembered, right and wrong apart, as keyed digests; one comparison runs at a
// time; two clients of one address and eight in all may wait for theirs, and sixteen for the
// outcome of the same, the others are `busy`; nobody waits longer than five seconds. After a wrong
// password the next comparison begins only when three times its cost has passed, so that guessing
// takes at most a quarter of one processor. Any number of threads.
class Passwords {
 public:
  // Tests count the comparisons by handing in their own.
  using Compare = std::function<bool(const std::string& password, const std::string& hash)>;
  explicit Passwords(Clock& clock = Clock::system(), Compare compare = {});

  // `hash` empty: there is no such user, which takes as long as a wrong password for `decoy`, the
  // costliest hash there is.
  Password check(const std::string& user, const std::string& password, const std::string& hash,
                 const std::string& decoy, const IpAddress& client);

  static constexpr std::size_t kRemembered = 256;  // of each kind
  static constexpr std::size_t kWaiting = 8, kWaitingOfOne = 2, kFollowing = 16;

 private:
  // The newest kRemembered digests.
  class Memory {
   public:
    bool has(const Digest& digest) const { return known_.contains(digest); }
    void add(const Digest& digest);

   private:
    std::set<Digest> known_;
    std::deque<Digest> order_;
  };

  std::size_t waiting_of(const IpAddress& client) const;

  Clock& clock_;
  const Compare compare_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Memory right_, wrong_;
  std::set<Digest> asked_;  // being compared, or waiting for it
  std::map<IpAddress, std::size_t> waiting_;
  std::size_t followers_ = 0;
  bool comparing_ = false;
  MonoTime next_{};  // when the next comparison may begin
};

// bcrypt by libcrypt.
bool matches_bcrypt(const std::string& password, const std::string& hash);

}  // namespace basewatch::serve
