#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/clients/redis/reply.h"
#include "agent/clients/redis/url.h"
#include "agent/clients/stream.h"

namespace basewatch::clients {

using RedisCommand = std::vector<std::string>;

// A server that could not be asked; what() is a sentence without secrets.
class RedisError : public std::runtime_error {
 public:
  enum class Kind {
    unreachable,  // no connection
    timeout,      // no answer by the deadline
    refused,      // it answers, and lets us in no further: password, too many clients
    garbage,      // what answers is no Redis server, or sends more than it may
  };
  RedisError(Kind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  const Kind kind;
};

struct RedisTarget {
  RedisUrl url;
  std::string user;                       // of the ACL; empty: the default user
  std::function<std::string()> password;  // asked at each connect; may be empty
  TlsOptions tls;                         // where url.tls
  std::string client_name = "basewatch";  // empty: none is set
  RedisLimits limits;
};

// Commands as they go over the wire: what is asked again and again is put into words once.
class RedisBatch {
 public:
  RedisBatch() = default;
  explicit RedisBatch(std::span<const RedisCommand> commands) {
    for (const auto& command : commands) add(command);
  }
  void add(const RedisCommand& command) {
    append_command(bytes_, command);
    ++commands_;
  }
  std::string_view bytes() const { return bytes_; }
  std::size_t commands() const { return commands_; }

 private:
  std::string bytes_;
  std::size_t commands_ = 0;
};

// One connection, kept between batches of commands and opened again when it is lost. One thread at
// a time; everything ends by the deadline that is handed in.
class RedisConnection {
 public:
  explicit RedisConnection(RedisTarget target,
                           std::shared_ptr<Resolver> resolver = Resolver::shared());

  // Sends all commands in one piece and waits for all answers, one for each, errors of single
  // commands among them. Logging in on a new connection is part of the same piece. Throws
  // RedisError, and the connection is closed; a kept one that the server has closed meanwhile is
  // opened anew first, so that a restart of the server costs no batch.
  std::vector<RedisReply> ask(const RedisBatch& batch, const Deadline& deadline);
  std::vector<RedisReply> ask(std::span<const RedisCommand> commands, const Deadline& deadline) {
    return ask(RedisBatch(commands), deadline);
  }

  void close();
  bool is_open() const { return stream_.has_value(); }
  // How long opening took, if the last batch had to; else zero.
  Duration connect_time() const { return connect_time_; }
  std::size_t connects() const { return connects_; }
  const RedisTarget& target() const { return target_; }

 private:
  std::vector<RedisReply> try_once(const RedisBatch& batch, const Deadline& deadline);
  void open(const Deadline& deadline);
  std::vector<RedisCommand> greeting() const;
  void check_greeting(std::span<const RedisCommand> greeting, std::span<const RedisReply> replies);
  std::vector<RedisReply> exchange(std::string_view bytes, std::size_t expected,
                                   const Deadline& deadline);

  const RedisTarget target_;
  const std::shared_ptr<Resolver> resolver_;
  std::optional<Stream> stream_;
  std::optional<RedisReader> reader_;
  Duration connect_time_{};
  std::size_t connects_ = 0;
  bool received_any_ = false;  // in the batch under way
};

}  // namespace basewatch::clients
