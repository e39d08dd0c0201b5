#pragma once

#include <atomic>
#include <cmath>
#include <memory>
#include <vector>

#include "exporters/redis/discover.h"
#include "exporters/redis/options.h"
#include "exporters/redis/server/ask.h"

// The parts of a server's page beside INFO. Each adds what it asks.
namespace basewatch::redis {

// `by_name`: only the settings that become metrics, which servers from Redis 7 on understand.
void ask_config(Asks& asks, const Options& options,
                const std::shared_ptr<std::atomic<int>>& databases, bool by_name);
// `found` gets the other members; it lives until the answers are taken.
void ask_cluster(Asks& asks, std::vector<Address>* found);
void ask_latency(Asks& asks, const Options& options);
void ask_slowlog(Asks& asks);
void ask_commandlog(Asks& asks, const Options& options);
void ask_clients(Asks& asks, const Options& options, const Clock& clock);
void ask_modules(Asks& asks);
void ask_tile38(Asks& asks);
void ask_sentinel(Asks& asks, const Options& options);

// The lines of CLIENT LIST.
void add_clients(Page& page, std::string_view list, double now, bool with_port);

// Whole seconds since 1970, as the peer takes them: a moment that is told as an age in whole
// seconds then wavers by one at most.
inline double whole_seconds(const Clock& clock) {
  return std::floor(unix_seconds(clock.wall_now()));
}

// What is asked of each primary that SENTINEL MASTERS listed. `found` gets them and their replicas;
// it lives until the answers are taken.
void ask_primaries(Asks& asks, const clients::RedisReply& masters, const Options& options,
                   std::vector<Address>* found);

}  // namespace basewatch::redis
