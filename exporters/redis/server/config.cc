// CONFIG GET *: what a server is configured to.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/base/strings.h"
#include "exporters/redis/server/parts.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using clients::RedisReply;

constexpr std::array<std::string_view, 4> kSecrets{"masterauth", "requirepass", "tls-key-file-pass",
                                                   "tls-client-key-file-pass"};

constexpr std::pair<std::string_view, const Metric<0>*> kOwnMetrics[] = {
    {"io-threads", &m::config_io_threads},
    {"maxclients", &m::config_maxclients},
    {"maxmemory", &m::config_maxmemory},
    {"repl-backlog-size", &m::config_repl_backlog_size}};

bool is_secret(std::string_view name) {
  return std::ranges::find(kSecrets, name) != kSecrets.end();
}

// "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
void add_buffer_limits(Page& page, std::string_view value) {
  const auto words = split(value, ' ');
  for (std::size_t i = 0; i + 3 < words.size(); i += 4) {
    const auto hard = parse_double(words[i + 1]), soft = parse_double(words[i + 2]),
               time = parse_double(words[i + 3]);
    if (hard) page.add(m::config_client_output_buffer_limit_bytes, *hard, words[i], "hard");
    if (soft) page.add(m::config_client_output_buffer_limit_bytes, *soft, words[i], "soft");
    if (time) {
      page.add(m::config_client_output_buffer_limit_overcome_seconds, *time, words[i], "soft");
    }
  }
}

// The snapshot file, where the server is on this machine and lets us look.
void add_file_size(Page& page, const RedisReply& config) {
  const auto *dir = config.find("dir"), *name = config.find("dbfilename");
  if (!dir || !name || dir->text.empty() || name->text.empty()) return;
  if (name->text.find('/') != std::string::npos || name->text == "." || name->text == "..") return;
  struct stat info {};
  if (::stat((dir->text + "/" + name->text).c_str(), &info) == 0) {
    if (S_ISREG(info.st_mode)) {
      page.add(m::rdb_current_size_bytes, static_cast<double>(info.st_size));
    }
  } else if (errno == ENOENT) {
    page.add(m::rdb_current_size_bytes, 0);
  }
}

void add_setting(Page& page, std::string_view name, const std::string& value,
                 const Options& options) {
  const auto number = parse_double(value);
  if (options.config_metrics && !(options.redact && is_secret(name))) {
    page.add(m::config_key_value, 1, name, value);
    if (number) page.add(m::config_value, *number, name);
  }
  for (const auto& [known, metric] : kOwnMetrics) {
    if (name == known && number) page.add(*metric, *number);
  }
  if (name == "client-output-buffer-limit") add_buffer_limits(page, value);
}

}  // namespace

void ask_config(Asks& asks, const Options& options,
                const std::shared_ptr<std::atomic<int>>& databases, bool by_name) {
  if (options.config_command.empty()) return;
  clients::RedisCommand command{options.config_command, "GET"};
  if (by_name && !options.config_metrics && !options.file_size) {
    command.insert(command.end(), {"databases", "client-output-buffer-limit"});
    for (const auto& [name, metric] : kOwnMetrics) command.emplace_back(name);
  } else {
    command.emplace_back("*");
  }
  asks.push_back(
      {std::move(command), [&options, databases](Page& page, const RedisReply& reply, const Facts&) {
         for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
           add_setting(page, reply.items[i].text, reply.items[i + 1].text, options);
         }
         if (const auto* found = reply.find("databases")) {
           const auto count = parse_uint(found->text).value_or(16);
           *databases = static_cast<int>(std::min<std::uint64_t>(count, 1024));
         }
         if (options.file_size) add_file_size(page, reply);
       }});
}

void ask_cluster(Asks& asks, std::vector<Address>* found) {
  asks.push_back({{"CLUSTER", "INFO"}, [](Page& page, const RedisReply& reply, const Facts&) {
                    add_cluster_info(page, reply.text);
                  }});
  if (!found) return;
  asks.push_back({{"CLUSTER", "NODES"}, [found](Page&, const RedisReply& reply, const Facts&) {
                    *found = cluster_members(reply.text);
                  }});
}

}  // namespace basewatch::redis
