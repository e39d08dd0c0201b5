#include "exporters/redis/keys/pass.h"

#include <algorithm>
#include <stdexcept>

#include "exporters/redis/keys/glob.h"

namespace basewatch::redis {

using clients::RedisReply;

Pass::Pass(const KeyOptions& options, std::map<int, std::uint64_t> sizes)
    : options_(options), sizes_(std::move(sizes)) {
  result_.counts.resize(options_.count.size());
  const auto wants = [](const std::vector<DbKey>& list, int db) {
    return std::ranges::find(list, db, &DbKey::db) != list.end();
  };
  for (const auto& [db, size] : sizes_) {
    const bool wanted = !options_.groups.empty() || wants(options_.count, db) ||
                        wants(options_.check, db) || wants(options_.streams, db);
    if (!wanted || size == 0) continue;
    databases_.push_back(db);
    all_ += size;
  }
  if (!is_done()) start_database();
}

void Pass::start_database() {
  const auto of = [&](const std::vector<DbKey>& list) {
    std::vector<Interest> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].db == database()) out.push_back({&list[i], i});
    }
    return out;
  };
  cursor_ = "0";
  count_ = of(options_.count);
  check_ = of(options_.check);
  streams_ = of(options_.streams);
  known_keys_.clear();
  known_streams_.clear();
  // One pattern alone is cheaper where the keys are: what does not match stays there.
  match_.clear();
  if (options_.groups.empty() && count_.size() + check_.size() + streams_.size() == 1) {
    for (const auto* list : {&count_, &check_, &streams_}) {
      if (!list->empty()) match_ = list->front().key->key;
    }
  }
}

std::vector<clients::RedisCommand> Pass::scan() const {
  clients::RedisCommand command{"SCAN", cursor_};
  if (!match_.empty()) command.insert(command.end(), {"MATCH", match_});
  command.insert(command.end(), {"COUNT", std::to_string(options_.batch)});
  return {{"SELECT", std::to_string(database())}, std::move(command)};
}

void Pass::take_scan(std::span<const RedisReply> replies) {
  const auto& reply = replies.back();
  if (reply.is_error()) throw std::runtime_error("SCAN is refused: " + reply.text.substr(0, 100));
  if (reply.items.size() != 2 || !reply.items[1].is_array() || reply.items[0].text.empty()) {
    throw std::runtime_error("what answers to SCAN is no Redis server");
  }
  batch_.clear();
  for (const auto& key : reply.items[1].items) look_at(key.text);
  seen_ += match_.empty() ? reply.items[1].items.size() : options_.batch;
  cursor_ = reply.items[0].text;
  if (cursor_ != "0" || !batch_.empty()) return;
  if (++at_ < databases_.size()) start_database();
}

void Pass::look_at(const std::string& key) {
  const auto matches = [&](const Interest& one) { return glob_matches(one.key->key, key); };
  for (const auto& one : count_) {
    if (matches(one)) ++result_.counts[one.index];
  }
  if (std::ranges::any_of(check_, matches)) keep(result_.keys, known_keys_, key);
  if (std::ranges::any_of(streams_, matches)) keep(result_.streams, known_streams_, key);
  if (!options_.groups.empty()) batch_.push_back(key);
}

void Pass::keep(std::vector<DbKey>& list, std::set<std::string>& known, const std::string& key) {
  if (known.contains(key)) return;
  if (list.size() >= options_.most_keys) {
    ++result_.left_out;
    return;
  }
  known.insert(key);
  list.push_back({database(), key});
}

std::vector<clients::RedisCommand> Pass::memory() const {
  std::vector<clients::RedisCommand> out;
  if (batch_.empty()) return out;
  out.push_back({"SELECT", std::to_string(database())});
  for (const auto& key : batch_) out.push_back({"MEMORY", "USAGE", key});
  return out;
}

void Pass::take_memory(std::span<const RedisReply> replies) {
  auto& table = result_.groups[database()];
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    std::string group = "unclassified";
    for (const auto& pattern : options_.groups) {
      if (auto captures = pattern.captures_of(batch_[i])) {
        group = std::move(*captures);
        break;
      }
    }
    // A key that went away meanwhile has no memory, but it was there.
    const auto bytes = replies[i + 1].number().value_or(0);
    table.add(group, static_cast<std::uint64_t>(std::max(bytes, 0.0)));
  }
  batch_.clear();
  if (cursor_ != "0") return;
  if (++at_ < databases_.size()) start_database();
}

double Pass::progress() const {
  if (is_done() || all_ == 0) return 1;
  return std::min(0.999, static_cast<double>(seen_) / static_cast<double>(all_));
}

}  // namespace basewatch::redis
