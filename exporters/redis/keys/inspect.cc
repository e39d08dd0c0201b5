#include "exporters/redis/keys/inspect.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "agent/base/strings.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using clients::RedisCommand;
using clients::RedisReply;

constexpr std::size_t kBatch = 100;          // keys in one round trip
constexpr std::size_t kLongestValue = 1024;  // of what becomes a label
constexpr std::size_t kLongestText = 64 * 1024;

std::string label_of(const DbKey& key) {
  return fmt::format("db{}", key.db);
}

void select(std::vector<RedisCommand>& commands, int db) {
  commands.push_back({"SELECT", std::to_string(db)});
}

// What tells how large a key of a type is; nothing for types that nobody knows.
const char* size_command(std::string_view type) {
  static constexpr std::pair<std::string_view, const char*> kCommands[] = {
      {"string", "STRLEN"}, {"list", "LLEN"},   {"set", "SCARD"},    {"zset", "ZCARD"},
      {"hash", "HLEN"},     {"stream", "XLEN"}, {"array", "ARCOUNT"}};
  for (const auto& [name, command] : kCommands) {
    if (name == type) return command;
  }
  return nullptr;
}

struct Seen {
  const DbKey* key;
  std::string type;
};

// Numbers of a text as the peer reads them, and what else it says.
void add_value(Page& page, const DbKey& key, const RedisReply& reply) {
  if (!reply.is_text() || reply.text.empty()) return;
  if (const auto number = parse_double(reply.text)) {
    page.add(m::key_value, *number, label_of(key), key.key);
  } else {
    page.add(m::key_value_as_string, 1, label_of(key), key.key,
             std::string_view(reply.text).substr(0, kLongestValue));
  }
}

// Adds the memory of each key, and tells of which type each one is that exists.
std::vector<Seen> look(Page& page, std::span<const DbKey> keys, const AskServer& ask) {
  std::vector<RedisCommand> commands;
  for (const auto& key : keys) {
    select(commands, key.db);
    commands.push_back({"TYPE", key.key});
    commands.push_back({"MEMORY", "USAGE", key.key});
  }
  const auto replies = ask(commands);
  std::vector<Seen> seen;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (replies[i * 3].is_error()) continue;  // no such database
    const auto &type = replies[i * 3 + 1], &memory = replies[i * 3 + 2];
    if (!type.is_text() || type.text == "none") continue;
    if (memory.kind == RedisReply::Kind::integer) {
      page.add(m::key_memory_usage_bytes, static_cast<double>(memory.integer), label_of(keys[i]),
               keys[i].key);
    }
    seen.push_back({&keys[i], type.text});
  }
  return seen;
}

// Whether a text counts distinct elements: "HYLL", then how it is encoded. Of any other the server
// would say WRONGTYPE, which it counts and an alert reads.
bool counts_distinct(std::string_view text) {
  return text.size() >= 16 && text.starts_with("HYLL") && (text[4] == 0 || text[4] == 1);
}

// How many distinct elements each of these texts counts; nothing where the server does not say.
std::vector<std::optional<double>> distinct(std::span<const DbKey* const> keys,
                                            const AskServer& ask) {
  std::vector<std::optional<double>> numbers;
  if (keys.empty()) return numbers;
  std::vector<RedisCommand> commands;
  for (const auto* key : keys) {
    select(commands, key->db);
    commands.push_back({"PFCOUNT", key->key});
  }
  const auto replies = ask(commands);
  for (std::size_t i = 1; i < replies.size(); i += 2) {
    const bool counted = replies[i].kind == RedisReply::Kind::integer;
    numbers.push_back(counted ? replies[i].number() : std::nullopt);
  }
  return numbers;
}

void measure(Page& page, std::span<const Seen> seen, bool values, const AskServer& ask) {
  std::vector<RedisCommand> commands;
  for (const auto& [key, type] : seen) {
    const auto* size = size_command(type);
    if (!size) continue;
    select(commands, key->db);
    commands.push_back({size, key->key});
    if (type == "string")
      commands.push_back({"GETRANGE", key->key, "0", std::to_string(kLongestText)});
  }
  if (commands.empty()) return;
  const auto replies = ask(commands);
  std::vector<const DbKey*> counters;  // their number is their size
  std::vector<std::optional<double>> sizes;
  std::size_t at = 0;
  for (const auto& [key, type] : seen) {
    if (!size_command(type)) continue;
    const auto size = replies[at + 1].number();
    const bool text = type == "string";
    if (text && replies[at + 2].is_text() && counts_distinct(replies[at + 2].text)) {
      counters.push_back(key);
      sizes.push_back(size);
    } else {
      if (size) page.add(m::key_size, *size, label_of(*key), key->key);
      if (text && values) add_value(page, *key, replies[at + 2]);
    }
    at += text ? 3 : 2;
  }
  const auto numbers = distinct(counters, ask);
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const auto number = numbers[i] ? numbers[i] : sizes[i];
    if (number) page.add(m::key_size, *number, label_of(*counters[i]), counters[i]->key);
  }
}

// "1638006862416-0": its first part.
double id_of(const RedisReply* reply) {
  if (!reply) return 0;
  const std::string_view text = reply->text;
  return parse_double(text.substr(0, text.find('-'))).value_or(0);
}

double entry_id(const RedisReply* entry) {
  return entry && !entry->items.empty() ? id_of(&entry->items.front()) : 0;
}

double number_of(const RedisReply& fields, std::string_view name) {
  const auto* found = fields.find(name);
  return found ? found->number().value_or(0) : 0;
}

std::string_view text_of(const RedisReply& fields, std::string_view name) {
  const auto* found = fields.find(name);
  return found ? std::string_view(found->text) : std::string_view();
}

void add_stream(Page& page, const DbKey& key, const RedisReply& info) {
  const auto db = label_of(key);
  static constexpr std::pair<const Metric<2>*, std::string_view> kNumbers[] = {
      {&m::stream_length, "length"},
      {&m::stream_radix_tree_keys, "radix-tree-keys"},
      {&m::stream_radix_tree_nodes, "radix-tree-nodes"},
      {&m::stream_groups, "groups"},
      {&m::stream_entries_added_total, "entries-added"}};
  for (const auto& [metric, field] : kNumbers)
    page.add(*metric, number_of(info, field), db, key.key);
  page.add(m::stream_last_generated_id, id_of(info.find("last-generated-id")), db, key.key);
  page.add(m::stream_max_deleted_entry_id, id_of(info.find("max-deleted-entry-id")), db, key.key);
  page.add(m::stream_first_entry_id, entry_id(info.find("first-entry")), db, key.key);
  page.add(m::stream_last_entry_id, entry_id(info.find("last-entry")), db, key.key);
}

void add_group(Page& page, const DbKey& key, std::string_view name, const RedisReply& group) {
  const auto db = label_of(key);
  page.add(m::stream_group_consumers, number_of(group, "consumers"), db, key.key, name);
  page.add(m::stream_group_messages_pending, number_of(group, "pending"), db, key.key, name);
  page.add(m::stream_group_last_delivered_id, id_of(group.find("last-delivered-id")), db, key.key,
           name);
  page.add(m::stream_group_entries_read, number_of(group, "entries-read"), db, key.key, name);
  page.add(m::stream_group_lag, number_of(group, "lag"), db, key.key, name);
}

void add_consumers(Page& page, const DbKey& key, std::string_view group, const RedisReply& list) {
  const auto db = label_of(key);
  for (const auto& consumer : list.items) {
    const auto name = text_of(consumer, "name");
    page.add(m::stream_group_consumer_messages_pending, number_of(consumer, "pending"), db, key.key,
             group, name);
    page.add(m::stream_group_consumer_idle_seconds, number_of(consumer, "idle") / 1e3, db, key.key,
             group, name);
  }
}

void inspect_stream(Page& page, const DbKey& key, bool consumers, const AskServer& ask) {
  std::vector<RedisCommand> commands;
  select(commands, key.db);
  commands.push_back({"XINFO", "STREAM", key.key});
  commands.push_back({"XINFO", "GROUPS", key.key});
  const auto replies = ask(commands);
  const auto &info = replies[1], &groups = replies[2];
  if (replies[0].is_error() || !info.is_array()) return;  // gone, or no stream
  add_stream(page, key, info);
  for (const auto& group : groups.items) add_group(page, key, text_of(group, "name"), group);
  if (!consumers || groups.items.empty()) return;
  std::vector<RedisCommand> more;
  select(more, key.db);
  for (const auto& group : groups.items) {
    more.push_back({"XINFO", "CONSUMERS", key.key, std::string(text_of(group, "name"))});
  }
  const auto lists = ask(more);
  for (std::size_t i = 0; i < groups.items.size(); ++i) {
    add_consumers(page, key, text_of(groups.items[i], "name"), lists[i + 1]);
  }
}

}  // namespace

void inspect_keys(Page& page, std::span<const DbKey> keys, bool values, const AskServer& ask) {
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatch) {
    const auto part = keys.subspan(begin, std::min(kBatch, keys.size() - begin));
    const auto seen = look(page, part, ask);
    measure(page, seen, values, ask);
  }
}

void inspect_streams(Page& page, std::span<const DbKey> streams, bool consumers,
                     const AskServer& ask) {
  for (const auto& stream : streams) inspect_stream(page, stream, consumers, ask);
}

}  // namespace basewatch::redis
