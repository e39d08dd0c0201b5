#pragma once

#include <string>
#include <vector>

#include "agent/plugin/settings.h"
#include "exporters/redis/keys/lua_pattern.h"

namespace basewatch::redis {

// A key, or a pattern of keys, in one of the numbered databases.
struct DbKey {
  int db = 0;
  std::string key;
};

// "session:*" or "db3=session:*"; nothing when the number is none.
std::optional<DbKey> parse_db_key(std::string_view text);

// What the collector `keys` is to look at, and how much of the server it may take.
struct KeyOptions {
  std::vector<DbKey> check, single, count, streams, single_streams;
  std::vector<LuaPattern> groups;
  std::size_t most_groups = 100, most_keys = 1000;
  bool values = true, consumers = true, skip_primary = false;
  std::size_t batch = 1000;
  double keys_per_second = 5'000, server_share = 0.05;

  bool any() const { return scans() || !single.empty() || !single_streams.empty(); }
  // Whether it takes a walk over all keys.
  bool scans() const {
    return !check.empty() || !count.empty() || !streams.empty() || !groups.empty();
  }
};

// Throws SettingError.
KeyOptions read_key_options(const Settings& settings);

}  // namespace basewatch::redis
