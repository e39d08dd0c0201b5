#include "exporters/redis/server/server.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "metrics/redis.h"

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

std::string_view word_of(clients::RedisError::Kind kind) {
  switch (kind) {
    case clients::RedisError::Kind::unreachable:
      return "it cannot be reached";
    case clients::RedisError::Kind::timeout:
      return "it does not answer in time";
    case clients::RedisError::Kind::refused:
      return "it does not let us in";
    case clients::RedisError::Kind::garbage:
      return "what answers is no Redis server";
  }
  return "";
}

std::string remedy_of(const RedisReply& reply) {
  const auto code = reply.error_code();
  if (code == "NOPERM") return ": give its user +info";
  if (code == "BUSY") return ": a script runs that does not end; SCRIPT KILL ends it";
  if (code == "LOADING") return ": it is still loading its data from disk";
  if (reply.is_error()) return ": " + printable(reply.text, 100);
  return ": what answers there is no Redis server";
}

bool is_from_7_on(std::string_view version) {
  return parse_uint(version.substr(0, version.find('.'))).value_or(0) >= 7;
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
      databases_(std::make_shared<std::atomic<int>>(kUsualDatabases)) {}

Server::Last Server::last() const {
  std::lock_guard guard(mutex_);
  return last_;
}

Server::Replies Server::ask(const Asks& asks, const Deadline& deadline) {
  clients::RedisBatch batch;
  for (const auto& one : asks) batch.add(one.command);
  return ask(batch, deadline);
}

Server::Replies Server::ask(const clients::RedisBatch& batch, const Deadline& deadline) {
  try {
    auto replies = connection_.ask(batch, deadline);
    this_run_.connect_seconds += seconds(connection_.connect_time());
    return replies;
  } catch (const clients::RedisError& error) {
    this_run_.connect_seconds += seconds(connection_.connect_time());
    this_run_.problem = word_of(error.kind);
    throw InstanceFailure(fmt::format("{}: {}", options_.target.url.shown(), error.what()));
  }
}

const RedisReply& Server::expect_info(const RedisReply& reply) const {
  if (reply.is_text() && !reply.text.empty()) return reply;
  throw std::runtime_error(
      fmt::format("{}: INFO is not answered{}", options_.target.url.shown(), remedy_of(reply)));
}

Outcome Server::run(Page& page, const Deadline& given) {
  // A little earlier than whoever waits for us, so that it is us who says what did not answer.
  const Deadline deadline(clock_, given.at() - given.remaining() / 20);
  this_run_ = {};
  this_run_.problem = "INFO is not answered";  // until it is, or something says it better
  try {
    run_on(page, deadline);
    this_run_.problem = {};
  } catch (...) {
    std::lock_guard guard(mutex_);
    last_ = this_run_;
    throw;
  }
  std::lock_guard guard(mutex_);
  last_ = this_run_;
  return done();
}

void Server::run_on(Page& page, const Deadline& deadline) {
  if (!facts_ || !connection_.is_open()) look(deadline);
  if (options_.ping) ping(deadline);
  found_.clear();
  if (!std::exchange(planned_, true)) {
    asks_ = plan(*facts_);
    batch_ = {};
    for (const auto& one : asks_) batch_.add(one.command);
  }
  const auto replies = ask(batch_, deadline);
  if (connection_.connects() != connects_) {  // another server, perhaps with other rights
    connects_ = connection_.connects();
    forget_refusals();
  }
  const auto& info = expect_info(replies.front());
  const int databases = options_.empty_databases ? databases_->load() : 0;
  auto facts = add_info(page, info.text, whole_seconds(clock_), databases);
  if (!facts.asks_as(*facts_)) planned_ = false;
  facts_ = std::move(facts);
  if (options_.system_memory && facts_->system_memory) {
    page.add(metrics::redis::total_system_memory_bytes, *facts_->system_memory);
  }
  take(page, asks_, replies, *facts_);
  if (facts_->is_sentinel) ask_about_primaries(page, asks_, replies, deadline);
  tell_found();
}

void Server::ping(const Deadline& deadline) {
  const auto begin = clock_.now();
  ask({{{"PING"}, {}}}, deadline);
  this_run_.ping_seconds = seconds(clock_.now() - begin);
}

// What this server told of, as instances of the agent.
void Server::tell_found() {
  const bool cluster = options_.find_cluster && facts_->is_cluster;
  const bool sentinel = options_.find_by_sentinel && facts_->is_sentinel;
  if (options_.find_replicas && !cluster) {
    for (const auto& [host, port] : facts_->replicas) {
      for (auto& one : address_of(host, port)) found_.push_back(std::move(one));
    }
  }
  if (options_.find_replicas || cluster || sentinel) {
    host_->instances(as_instances(found_, options_, sentinel));
  }
}

// What may be asked, before anything is: of a server nobody knows yet.
void Server::look(const Deadline& deadline) {
  auto replies = ask({{info_, {}}}, deadline);
  // Not everything that speaks Redis knows of sections.
  if (replies.front().is_error() && !is_passing(replies.front()) && info_.size() > 1 &&
      replies.front().error_code() != "NOPERM") {
    replies = ask({{{"INFO"}, {}}}, deadline);
    if (replies.front().is_text()) info_ = {"INFO"};
  }
  planned_ = false;
  Page scratch;
  facts_ = add_info(scratch, expect_info(replies.front()).text, 0, 0);
}

void Server::ask_about_primaries(Page& page, const Asks& asks, const Replies& replies,
                                 const Deadline& deadline) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (asks[i].name() != "SENTINEL MASTERS" || !replies[i].is_array()) continue;
    Asks more;
    ask_primaries(more, replies[i], options_, options_.find_by_sentinel ? &found_ : nullptr);
    if (!more.empty()) take(page, more, ask(more, deadline), *facts_);
    return;
  }
}

Asks Server::plan(const Facts& facts) {
  Asks asks{{info_, {}}};
  if (!facts.is_sentinel) {  // a Sentinel has none
    ask_config(asks, options_, databases_, config_by_name_ && is_from_7_on(facts.version));
  }
  if (facts.is_cluster) ask_cluster(asks, options_.find_cluster ? &found_ : nullptr);
  if (!facts.is_sentinel) {
    ask_latency(asks, options_);
    ask_slowlog(asks);
    if (facts.is_valkey) ask_commandlog(asks, options_);
  }
  ask_clients(asks, options_, clock_);
  if (options_.modules) ask_modules(asks);
  if (options_.tile38) ask_tile38(asks);
  if (facts.is_sentinel) ask_sentinel(asks, options_);
  std::erase_if(asks, [&](const Ask& one) { return refused_.contains(one.name()); });
  return asks;
}

void Server::take(Page& page, const Asks& asks, const Replies& replies, const Facts& facts) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (!asks[i].take) continue;
    if (replies[i].is_error() && asks[i].command.size() > 3 && asks[i].command[1] == "GET" &&
        asks[i].command[2] == "databases" && !is_passing(replies[i])) {
      config_by_name_ = false;
      planned_ = false;
    } else if (replies[i].is_error() && !error_is_answer(asks[i])) {
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
                                     ask.command.size() > 1 ? ask.command[0] + "|" + ask.command[1]
                                                            : ask.command[0])
                       : printable(reply.text, 100);
  refused_[name] = why;
  planned_ = false;
  host_->note(name, fmt::format("{} is not answered, so its metrics are missing: {}", name, why));
}

void Server::forget_refusals() {
  for (const auto& [name, why] : refused_) host_->note(name, "");
  refused_.clear();
  planned_ = false;
}

}  // namespace basewatch::redis
