#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/plugin/host.h"

namespace basewatch::scrape {

// What the exporters of an engine have found, by finder ("redis/main"). What a finder no longer
// names is kept for kKeep, so that a server which restarts does not come and go; a finder that is
// silent, for its own server is down, lets go of nothing. Guarded by Core::mutex.
class Found {
 public:
  static constexpr Duration kKeep = std::chrono::minutes(5);
  static constexpr std::size_t kMost = 64;  // of one finder

  // How many of `list` are too many.
  std::size_t report(const std::string& finder, std::vector<FoundInstance> list, MonoTime now);
  // Only these finders are left.
  void retain(const std::set<std::string>& finders);
  // Forgets what is gone for long enough.
  void expire(MonoTime now);

  const std::map<std::string, FoundInstance>* of(const std::string& finder) const;
  // Whether what of() tells has changed since the last call.
  bool take_news() { return std::exchange(news_, false); }
  bool has_news() const { return news_; }
  // The next moment at which expire() has something to do.
  MonoTime next_expiry() const;

 private:
  struct List {
    std::map<std::string, FoundInstance> instances;  // by name
    std::map<std::string, MonoTime> gone;            // those that are no longer named, since when
  };
  std::map<std::string, List> lists_;
  bool news_ = false;
};

}  // namespace basewatch::scrape
