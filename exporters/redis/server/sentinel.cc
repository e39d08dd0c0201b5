// A Sentinel: how it sees each primary, whether it could fail over, and its peers.
#include "exporters/redis/server/parts.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using clients::RedisReply;

constexpr std::size_t kMaxPrimaries = 200;

std::string_view text_of(const RedisReply& fields, std::string_view name) {
  const auto* found = fields.find(name);
  return found ? std::string_view(found->text) : std::string_view();
}

double number_of(const RedisReply& fields, std::string_view name) {
  const auto* found = fields.find(name);
  return found ? found->number().value_or(0) : 0;
}

bool is_down(const RedisReply& fields) {
  const auto flags = text_of(fields, "flags");
  return flags.find("o_down") != std::string_view::npos ||
         flags.find("s_down") != std::string_view::npos;
}

std::string address_of(const RedisReply& fields) {
  return std::string(text_of(fields, "ip")) + ":" + std::string(text_of(fields, "port"));
}

void add_settings(Page& page, const RedisReply& reply, const Facts&) {
  for (const auto& primary : reply.items) {
    const auto name = text_of(primary, "name");
    if (name.empty() || !primary.find("ip") || !primary.find("port")) continue;
    const auto address = address_of(primary);
    page.add(m::sentinel_master_setting_ckquorum, number_of(primary, "quorum"), name, address);
    page.add(m::sentinel_master_setting_failover_timeout, number_of(primary, "failover-timeout"),
             name, address);
    page.add(m::sentinel_master_setting_parallel_syncs, number_of(primary, "parallel-syncs"), name,
             address);
    page.add(m::sentinel_master_setting_down_after_milliseconds,
             number_of(primary, "down-after-milliseconds"), name, address);
    page.add(m::sentinel_master_config_epoch, number_of(primary, "config-epoch"), name, address);
    page.add(m::sentinel_master_last_ok_ping_reply_seconds,
             number_of(primary, "last-ok-ping-reply") / 1000, name, address);
  }
}

}  // namespace

void ask_sentinel(Asks& asks, const Options& options) {
  asks.push_back({{"SENTINEL", "MASTERS"}, add_settings});
  if (!options.config_metrics) return;
  asks.push_back({{"SENTINEL", "CONFIG", "GET", "*"},
                  [options](Page& page, const RedisReply& reply, const Facts&) {
                    for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
                      const auto &name = reply.items[i].text, &value = reply.items[i + 1].text;
                      if (options.redact && name.find("pass") != std::string::npos) continue;
                      page.add(m::sentinel_config_key_value, 1, name, value);
                      if (const auto number = reply.items[i + 1].number()) {
                        page.add(m::sentinel_config_value, *number, name);
                      }
                    }
                  }});
}

void ask_primaries(Asks& asks, const RedisReply& masters, const Options& options,
                   std::vector<Address>* found) {
  const auto add = [](std::vector<Address>* to, const RedisReply& fields) {
    if (!to) return;
    for (auto& one : address_of(text_of(fields, "ip"), text_of(fields, "port"))) {
      to->push_back(std::move(one));
    }
  };
  for (const auto& primary : masters.items) {
    const std::string name(text_of(primary, "name")), address = address_of(primary);
    if (name.empty() || !primary.find("ip") || !primary.find("port")) continue;
    if (asks.size() / 3 >= kMaxPrimaries) return;
    add(found, primary);
    // The answer is an error where there is no quorum, and its text is the label.
    asks.push_back(
        {{"SENTINEL", "CKQUORUM", name}, [name](Page& page, const RedisReply& reply, const Facts&) {
           page.add(m::sentinel_master_ckquorum_status, reply.is_error() ? 0 : 1, name, reply.text);
         }});
    asks.push_back(
        {{"SENTINEL", "SENTINELS", name},
         [name, address, peers = options.peers](Page& page, const RedisReply& reply, const Facts&) {
           double fine = 1;  // the one that is asked
           for (const auto& peer : reply.items) {
             if (peers) {
               page.add(m::sentinel_peer_info, 1, name, address, text_of(peer, "name"),
                        text_of(peer, "ip"), text_of(peer, "port"), text_of(peer, "runid"),
                        text_of(peer, "flags"));
             }
             if (peer.find("flags") && !is_down(peer)) ++fine;
           }
           page.add(m::sentinel_master_ok_sentinels, fine, name, address);
         }});
    asks.push_back({{"SENTINEL", "SLAVES", name},
                    [name, address, add, found](Page& page, const RedisReply& reply, const Facts&) {
                      double fine = 0;
                      for (const auto& replica : reply.items) {
                        add(found, replica);
                        if (replica.find("flags") && !is_down(replica)) ++fine;
                      }
                      page.add(m::sentinel_master_ok_slaves, fine, name, address);
                    }});
  }
}

}  // namespace basewatch::redis
