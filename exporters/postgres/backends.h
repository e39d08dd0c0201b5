#pragma once

#include <mutex>
#include <set>
#include <string>

#include "exporters/postgres/link.h"

namespace basewatch::postgres {

// The server's processes that work for one instance: those with a session, and those whose session
// was left because they did not answer. A process that hangs in the kernel outlives its client, so
// without counting them every scrape would add one until the server has no slot left.
// Shared by the sessions of an instance; any thread.
class Backends {
 public:
  explicit Backends(std::size_t most) : most_(most) {}

  void opened();
  void closed(int pid, bool left_behind);
  std::size_t open() const;
  std::size_t left() const;

  // Asks which of those left behind are gone; nothing when there are none. Throws clients::PgError.
  void recount(Link& link, const Deadline& deadline);

  // For a new link. Throws clients::PgError when those left behind fill the instance's share: the
  // link must be closed then.
  void expect_room(Link& link, const Deadline& deadline);

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::size_t open_ = 0;
  std::set<int> left_;
};

}  // namespace basewatch::postgres
