#pragma once

#include <functional>
#include <span>
#include <vector>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/page.h"
#include "exporters/redis/keys/options.h"

namespace basewatch::redis {

// Asks a batch of commands and paces it.
using AskServer =
    std::function<std::vector<clients::RedisReply>(std::span<const clients::RedisCommand>)>;

// Type, size, memory and value of each key.
void inspect_keys(Page& page, std::span<const DbKey> keys, bool values, const AskServer& ask);

// Each stream with its groups and their consumers.
void inspect_streams(Page& page, std::span<const DbKey> streams, bool consumers,
                     const AskServer& ask);

}  // namespace basewatch::redis
