#include "exporters/redis/server/server.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::redis {
namespace {

using clients::RedisReply;

constexpr int kUsualDatabases = 16;

// Answers that will be another tomorrow: the command stays.
bool is_passing(const RedisReply& reply) {
  const auto code = reply.error_code();
  return code == "LOADING" || code == "BUSY" || code == "MASTERDOWN" || code == "MISCONF" ||
         code == "TRYAGAIN" || code == "CLUSTERDOWN";
}

// Its text, of which an error is the answer.
bool error_is_answer(const Ask& ask) {
  return ask.command.size() > 1 && ask.command[1] == "CKQUORUM";
}

}  // namespace

std::string Ask::name() const {
  return command.size() > 1 ? command[0] + " " + command[1] : command[0];
}

Server::Server(Options options, std::shared_ptr<HostLink> host, Clock& clock)
    : options_(std::move(options)),
      host_(std::move(host)),
      clock_(clock),
      connection_(options_.target),
      databases_(std::make_shared<int>(kUsualDatabases)) {}

double Server::connect_seconds() const {
  std::lock_guard guard(mutex_);
  return connect_seconds_;
}

Server::Replies Server::ask(const Asks& asks, const Deadline& deadline) {
  std::vector<clients::RedisCommand> commands;
  for (const auto& one : asks) commands.push_back(one.command);
  try {
    auto replies = connection_.ask(commands, deadline);
    std::lock_guard guard(mutex_);
    connect_seconds_ = seconds(connection_.connect_time());
    return replies;
  } catch (const clients::RedisError& error) {
    throw std::runtime_error(fmt::format("{}: {}", options_.target.url.shown(), error.what()));
  }
}

const RedisReply& Server::expect_info(const RedisReply& reply) const {
  if (reply.is_text() && !reply.text.empty()) return reply;
  const auto code = reply.error_code();
  const auto remedy =
      code == "NOPERM"  ? ": give its user +info"
      : code == "BUSY"  ? ": a script runs that does not end; SCRIPT KILL ends it"
      : reply.is_error() ? ": " + printable(reply.text, 100)
                         : std::string(": what answers there is no Redis server");
  throw std::runtime_error(
      fmt::format("{}: INFO is not answered{}", options_.target.url.shown(), remedy));
}

Outcome Server::run(Page& page, const Deadline& deadline) {
  if (!facts_ || !connection_.is_open()) look(deadline);
  const auto asks = without_refused(plan(*facts_));
  const auto replies = ask(asks, deadline);
  if (connection_.connects() != connects_) {  // another server, perhaps with other rights
    connects_ = connection_.connects();
    forget_refusals();
  }
  const auto& info = expect_info(replies.front());
  const int databases = options_.empty_databases ? *databases_ : 0;
  facts_ = add_info(page, info.text, whole_seconds(clock_), databases);
  take(page, asks, replies, *facts_);
  if (facts_->is_sentinel) ask_about_primaries(page, asks, replies, deadline);
  return done();
}

// What may be asked, before anything is: of a server nobody knows yet.
void Server::look(const Deadline& deadline) {
  const auto replies = ask({{{"INFO", "ALL"}, {}}}, deadline);
  Page scratch;
  facts_ = add_info(scratch, expect_info(replies.front()).text, 0, 0);
}

void Server::ask_about_primaries(Page& page, const Asks& asks, const Replies& replies,
                                 const Deadline& deadline) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (asks[i].name() != "SENTINEL MASTERS" || !replies[i].is_array()) continue;
    Asks more;
    ask_primaries(more, replies[i], options_);
    if (!more.empty()) take(page, more, ask(more, deadline), *facts_);
    return;
  }
}

Asks Server::plan(const Facts& facts) const {
  Asks asks{{{"INFO", "ALL"}, {}}};
  ask_config(asks, options_, databases_);
  if (facts.is_cluster) ask_cluster(asks);
  if (!facts.is_sentinel) {
    ask_latency(asks, options_);
    ask_slowlog(asks);
    if (facts.is_valkey) ask_commandlog(asks, options_);
  }
  ask_clients(asks, options_, clock_);
  if (options_.modules) ask_modules(asks);
  if (facts.is_sentinel) ask_sentinel(asks, options_);
  return asks;
}

Asks Server::without_refused(Asks asks) const {
  std::erase_if(asks, [&](const Ask& one) { return refused_.contains(one.name()); });
  return asks;
}

void Server::take(Page& page, const Asks& asks, const Replies& replies, const Facts& facts) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (!asks[i].take) continue;
    if (replies[i].is_error() && !error_is_answer(asks[i])) {
      refuse(asks[i], replies[i]);
    } else {
      asks[i].take(page, replies[i], facts);
    }
  }
}

void Server::refuse(const Ask& ask, const RedisReply& reply) {
  if (is_passing(reply)) return;
  const auto name = ask.name();
  const auto why = reply.error_code() == "NOPERM"
                       ? fmt::format("the user has no right to it; ACL SETUSER ... +{}",
                                     ask.command.size() > 1
                                         ? ask.command[0] + "|" + ask.command[1]
                                         : ask.command[0])
                       : printable(reply.text, 100);
  refused_[name] = why;
  host_->note(name, fmt::format("{} is not answered, so its metrics are missing: {}", name, why));
}

void Server::forget_refusals() {
  for (const auto& [name, why] : refused_) host_->note(name, "");
  refused_.clear();
}

}  // namespace basewatch::redis
