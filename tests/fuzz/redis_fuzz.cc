// What a Redis server may send: replies, INFO, CLIENT LIST, CLUSTER NODES; and the patterns of the
// configuration against keys from outside. The first byte of the input picks one, the rest is its
// text. Replies may be refused with an error that says something; nothing may do anything else.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "agent/clients/redis/reply.h"
#include "agent/clients/redis/url.h"
#include "exporters/redis/discover.h"
#include "exporters/redis/extras/extras.h"
#include "exporters/redis/keys/glob.h"
#include "exporters/redis/keys/inspect.h"
#include "exporters/redis/keys/lua_pattern.h"
#include "exporters/redis/server/info.h"
#include "exporters/redis/server/parts.h"

namespace {

using namespace basewatch;
using namespace basewatch::redis;

// Every reply of the bytes, handed to everything that reads replies.
void read_replies(std::string_view bytes) {
  clients::RedisReader reader({.bytes = 1 << 20, .elements = 10'000});
  reader.begin_batch();
  Page page;
  while (!bytes.empty()) {  // in two pieces, as a network would
    const auto piece = bytes.substr(0, bytes.size() / 2 + 1);
    bytes.remove_prefix(piece.size());
    reader.feed(piece);
    while (const auto reply = reader.next()) {
      add_script(page, "file.lua", *reply);
      add_index(page, *reply);
      Asks asks;
      Options options;
      ask_latency(asks, options);
      ask_slowlog(asks);
      ask_commandlog(asks, options);
      ask_sentinel(asks, options);
      ask_tile38(asks);
      std::vector<Address> found;
      ask_primaries(asks, *reply, options, &found);
      for (const auto& ask : asks) {
        if (ask.take && !reply->is_error()) ask.take(page, *reply, {});
      }
    }
  }
  page.seal();
}

void read_info(std::string_view text) {
  Page page;
  const auto facts = add_info(page, text, 1e9, 16);
  if (facts.replicas.size() > text.size()) std::abort();
  page.seal();
}

// "pattern\0key"
void match(std::string_view text) {
  const auto middle = text.find('\0');
  const auto pattern = text.substr(0, middle);
  const auto key = middle == std::string_view::npos ? std::string_view() : text.substr(middle + 1);
  glob_matches(pattern, key);
  try {
    LuaPattern(std::string(pattern)).captures_of(key);
  } catch (const std::invalid_argument& error) {
    if (*error.what() == '\0') std::abort();
  }
}

void read_url(std::string_view text) {
  std::string problem;
  const auto url = clients::parse_redis_url(text, problem);
  if (!url && problem.empty()) std::abort();
  if (url && !url->password.empty() && url->password.size() > 8 &&
      url->shown().find(url->password) != std::string::npos &&
      url->host.find(url->password) == std::string::npos &&
      url->socket.find(url->password) == std::string::npos &&
      url->user.find(url->password) == std::string::npos) {
    std::abort();
  }
}

void parse(char which, std::string_view text) {
  Page page;
  switch (which) {
    case 'r':
      return read_replies(text);
    case 'i':
      return read_info(text);
    case 'c':
      return add_clients(page, text, 1e9, true);
    case 'n':
      if (cluster_members(text).size() > text.size()) std::abort();
      return;
    case 'm':
      return match(text);
    case 'u':
      return read_url(text);
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    // A copy of its own size: the sanitizer sees every byte that is read beyond it.
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    parse(static_cast<char>(data[0]), text);
  } catch (const std::runtime_error& error) {
    if (*error.what() == '\0') std::abort();
  }
  return 0;
}
