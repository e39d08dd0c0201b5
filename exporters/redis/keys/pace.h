#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "agent/base/clock.h"

namespace basewatch::redis {

// How much of a server's time key work may take. What a round trip took is what it cost at most:
// the way there and back counts as the server's, so that a slow network makes us slower, never
// faster.
struct Pace {
  double keys_per_second, share;

  // How long to leave the server alone after a round trip.
  Duration rest_after(Duration round_trip, std::size_t keys) const {
    const double took = seconds(round_trip);
    const double by_share = took / share - took;
    const double by_keys = static_cast<double>(keys) / keys_per_second - took;
    const double rest = std::clamp(std::max(by_share, by_keys), 0.0, kLongestRest);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(rest));
  }
  static constexpr double kLongestRest = 5;
};

// A sleep that ends when the exporter is stopped. Any thread.
class Rest {
 public:
  // False when it was stopped.
  bool rest(Clock& clock, MonoTime until) {
    std::unique_lock lock(mutex_);
    while (!stopped_ && clock.now() < until) clock.wait_until(changed_, lock, until);
    return !stopped_;
  }
  void stop() {
    std::lock_guard guard(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace basewatch::redis
