#include "agent/clients/redis/connection.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::clients {
namespace {

using Kind = RedisError::Kind;

// What a server says to everybody it does not want to talk to, in words that say what to do.
std::optional<std::string> refusal(const RedisReply& reply) {
  const auto code = reply.error_code();
  if (code.empty()) return std::nullopt;
  if (code == "NOAUTH") return "it asks for a password: set password_file";
  if (code == "WRONGPASS" || reply.text.find("invalid password") != std::string::npos) {
    return "it does not accept the user or the password";
  }
  if (reply.text.find("max number of clients") != std::string::npos) {
    return "it has no room for another client (maxclients)";
  }
  if (code == "DENIED" || code == "-DENIED") {
    return "it is in protected mode: it takes only connections from its own machine, or a password";
  }
  return std::nullopt;
}

// The words of an error, but none of what was sent: a password could be among them.
std::string shown(const RedisReply& reply) {
  return printable(reply.text, 100);
}

}  // namespace

RedisConnection::RedisConnection(RedisTarget target, std::shared_ptr<Resolver> resolver)
    : target_(std::move(target)), resolver_(std::move(resolver)) {}

void RedisConnection::close() {
  stream_.reset();
  reader_.reset();
}

std::vector<RedisReply> RedisConnection::ask(const RedisBatch& batch, const Deadline& deadline) {
  connect_time_ = {};
  const bool kept = is_open();
  try {
    return try_once(batch, deadline);
  } catch (const StreamError& error) {
    close();
    // The server went away between two batches: nothing of this one has been answered, so it is
    // asked once more.
    if (kept && !received_any_ && error.kind == StreamError::Kind::closed && !deadline.passed()) {
      try {
        return try_once(batch, deadline);
      } catch (const StreamError& again) {
        close();
        throw RedisError(
            again.kind == StreamError::Kind::timeout ? Kind::timeout : Kind::unreachable,
            again.what());
      }
    }
    throw RedisError(error.kind == StreamError::Kind::timeout ? Kind::timeout : Kind::unreachable,
                     error.what());
  }
}

std::vector<RedisReply> RedisConnection::try_once(const RedisBatch& batch,
                                                  const Deadline& deadline) {
  received_any_ = false;
  std::vector<RedisCommand> greets;
  std::string with_greeting;
  if (!is_open()) {
    const auto begin = std::chrono::steady_clock::now();
    open(deadline);
    connect_time_ = std::chrono::steady_clock::now() - begin;
    greets = greeting();
  }
  if (!greets.empty()) {
    for (const auto& command : greets) append_command(with_greeting, command);
    with_greeting += batch.bytes();
  }
  const auto bytes = greets.empty() ? batch.bytes() : std::string_view(with_greeting);
  try {
    auto replies = exchange(bytes, greets.size() + batch.commands(), deadline);
    check_greeting(greets, replies);
    replies.erase(replies.begin(), replies.begin() + static_cast<std::ptrdiff_t>(greets.size()));
    return replies;
  } catch (const RedisError&) {
    close();
    throw;
  }
}

void RedisConnection::open(const Deadline& deadline) {
  ++connects_;
  const auto& url = target_.url;
  const auto* tls = url.tls ? &target_.tls : nullptr;
  stream_ = url.socket.empty() ? Stream::to_host(*resolver_, url.host, url.port, tls, deadline)
                               : Stream::to_socket(url.socket, tls, deadline);
  reader_.emplace(target_.limits);
}

std::vector<RedisCommand> RedisConnection::greeting() const {
  std::vector<RedisCommand> out;
  std::string password;
  try {
    password = target_.password ? target_.password() : std::string();
  } catch (const std::exception& error) {
    throw RedisError(Kind::refused, error.what());
  }
  if (password.empty()) password = target_.url.password;
  const auto& user = target_.user.empty() ? target_.url.user : target_.user;
  if (!password.empty() && user.empty()) out.push_back({"AUTH", password});
  if (!user.empty()) out.push_back({"AUTH", user, password});
  if (!target_.client_name.empty()) out.push_back({"CLIENT", "SETNAME", target_.client_name});
  if (target_.url.database != 0) out.push_back({"SELECT", std::to_string(target_.url.database)});
  return out;
}

void RedisConnection::check_greeting(std::span<const RedisCommand> greeting,
                                     std::span<const RedisReply> replies) {
  for (std::size_t i = 0; i < greeting.size(); ++i) {
    const auto& reply = replies[i];
    if (!reply.is_error()) continue;
    const auto& name = greeting[i].front();
    if (name == "SELECT") {
      throw RedisError(Kind::refused, fmt::format("it does not let us into database {}: {}",
                                                  target_.url.database, shown(reply)));
    }
    // A server without a password answers so, and needs none.
    const bool needs_none =
        reply.text.find("without any password configured") != std::string::npos ||
        reply.text.find("no password is set") != std::string::npos;
    if (name == "AUTH" && !needs_none) {
      throw RedisError(Kind::refused, fmt::format("it refuses the login: {}", shown(reply)));
    }
  }
}

std::vector<RedisReply> RedisConnection::exchange(std::string_view bytes, std::size_t expected,
                                                  const Deadline& deadline) {
  std::vector<RedisReply> replies;
  replies.reserve(expected);
  reader_->begin_batch();
  std::string received;
  try {
    while (replies.size() < expected) {
      received.clear();
      stream_->exchange(bytes, received, deadline);
      if (received.empty()) continue;
      received_any_ = true;
      reader_->feed(received);
      while (replies.size() < expected) {
        auto reply = reader_->next();
        if (!reply) break;
        replies.push_back(std::move(*reply));
        if (const auto why = refusal(replies.back()); why && replies.size() == 1) {
          throw RedisError(Kind::refused, *why);
        }
      }
    }
  } catch (const StreamError&) {
    throw;
  } catch (const RedisError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw RedisError(Kind::garbage, error.what());
  }
  return replies;
}

}  // namespace basewatch::clients
