#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/plugin/exporter.h"
#include "exporters/redis/host_link.h"
#include "exporters/redis/server/parts.h"

namespace basewatch::redis {

// The collector `server`: everything that one scrape asks, over one connection that is kept. After
// the first answers it is known what this server can be asked, and from then on a scrape is one
// round trip (two of a Sentinel, which is first asked for its primaries).
//
// What a server refuses (no such command, no right to it) is asked once a connection and then left
// out, with a note on the status page.
class Server {
 public:
  Server(Options options, std::shared_ptr<HostLink> host, Clock& clock);

  // Never twice at once. Throws std::runtime_error with a sentence for the operator.
  Outcome run(Page& page, const Deadline& deadline);

  // How long the last connect took; any thread.
  double connect_seconds() const;

 private:
  using Replies = std::vector<clients::RedisReply>;

  Replies ask(const Asks& asks, const Deadline& deadline);
  void look(const Deadline& deadline);
  void ask_about_primaries(Page& page, const Asks& asks, const Replies& replies,
                           const Deadline& deadline);
  Asks plan(const Facts& facts) const;
  Asks without_refused(Asks asks) const;
  const clients::RedisReply& expect_info(const clients::RedisReply& reply) const;
  void take(Page& page, const Asks& asks, const Replies& replies, const Facts& facts);
  void refuse(const Ask& ask, const clients::RedisReply& reply);
  void forget_refusals();

  const Options options_;
  const std::shared_ptr<HostLink> host_;
  Clock& clock_;
  clients::RedisConnection connection_;
  std::shared_ptr<int> databases_;  // as CONFIG last told
  std::optional<Facts> facts_;      // of the last INFO over this connection
  std::size_t connects_ = 0;        // the connection that facts_ and refused_ are about
  std::map<std::string, std::string> refused_;  // command -> why

  mutable std::mutex mutex_;
  double connect_seconds_ = 0;  // guarded by mutex_
};

}  // namespace basewatch::redis
