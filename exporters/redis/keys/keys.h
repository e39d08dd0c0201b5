#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/exporter.h"
#include "agent/plugin/host_link.h"
#include "exporters/redis/keys/inspect.h"
#include "exporters/redis/keys/pace.h"
#include "exporters/redis/keys/pass.h"

namespace basewatch::redis {

// The collector `keys`: sizes and values of keys, counts of patterns, groups, streams. In the
// background and over a connection of its own, so that no scrape ever waits for it. A walk over all
// keys takes no more of the server than it may (Pace), rests in between, and when the run is over
// goes on in the next one; what is counted is shown when a walk is complete, and for how old that
// is there is a metric.
class Keys {
 public:
  // `databases`: how many the server has, as CONFIG last told.
  Keys(clients::RedisTarget target, KeyOptions options, std::shared_ptr<HostLink> host,
       std::shared_ptr<const std::atomic<int>> databases, Clock& clock);

  // Never twice at once. Throws std::runtime_error with a sentence for the operator.
  Outcome run(Page& page, const Deadline& deadline);
  // Ends a run that rests; any thread.
  void stop() { rest_.stop(); }

 private:
  struct Complete {
    PassResult result;
    WallTime ended;
    Duration took;
  };
  struct Underway {
    Pass pass;
    MonoTime began;
  };
  using Replies = std::vector<clients::RedisReply>;

  Replies ask(std::span<const clients::RedisCommand> commands, std::size_t keys,
              const Deadline& deadline);
  void walk(const std::string& info, MonoTime until, const Deadline& deadline);
  void add_complete(Page& page) const;
  void add_groups(Page& page, const PassResult& result) const;
  void add_progress(Page& page) const;
  void note_left_out();

  const clients::RedisTarget target_;
  const KeyOptions options_;
  const std::shared_ptr<HostLink> host_;
  const std::shared_ptr<const std::atomic<int>> databases_;
  Clock& clock_;
  clients::RedisConnection connection_;
  Rest rest_;
  std::string run_id_;  // of the server that the walk under way is about
  std::optional<Underway> underway_;
  std::optional<Complete> complete_;
  double keys_total_ = 0, server_seconds_ = 0;
};

}  // namespace basewatch::redis
