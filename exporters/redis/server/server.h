#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/exporter.h"
#include "agent/plugin/host_link.h"
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
  Outcome run(Page& page, const Deadline& given);

  // What the last run leaves for the peer's own names; any thread.
  struct Last {
    double connect_seconds = 0;
    std::optional<double> ping_seconds;
    // Why it failed, of few words: it becomes a label. Empty: it did not.
    std::string_view problem;
  };
  Last last() const;
  // How many databases the server has.
  std::shared_ptr<const std::atomic<int>> databases() const { return databases_; }

 private:
  using Replies = std::vector<clients::RedisReply>;

  void run_on(Page& page, const Deadline& deadline);
  void ping(const Deadline& deadline);
  void tell_found();
  Replies ask(const Asks& asks, const Deadline& deadline);
  Replies ask(const clients::RedisBatch& batch, const Deadline& deadline);
  void look(const Deadline& deadline);
  void ask_about_primaries(Page& page, const Asks& asks, const Replies& replies,
                           const Deadline& deadline);
  Asks plan(const Facts& facts);
  const clients::RedisReply& expect_info(const clients::RedisReply& reply) const;
  void take(Page& page, const Asks& asks, const Replies& replies, const Facts& facts);
  void refuse(const Ask& ask, const clients::RedisReply& reply);
  void forget_refusals();

  const Options options_;
  const std::shared_ptr<HostLink> host_;
  Clock& clock_;
  clients::RedisConnection connection_;
  const std::shared_ptr<std::atomic<int>> databases_;  // as CONFIG last told
  clients::RedisCommand info_{"INFO", "ALL"};
  bool config_by_name_ = true;                  // until the server does not understand it
  std::optional<Facts> facts_;                  // of the last INFO over this connection
  std::size_t connects_ = 0;                    // the connection that facts_ and refused_ are about
  std::map<std::string, std::string> refused_;  // command -> why
  // What a scrape asks, until something that plan() goes by has changed.
  Asks asks_;
  clients::RedisBatch batch_;
  bool planned_ = false;

  std::vector<Address> found_;  // in the run under way
  Last this_run_;

  mutable std::mutex mutex_;
  Last last_;  // guarded by mutex_
};

}  // namespace basewatch::redis
