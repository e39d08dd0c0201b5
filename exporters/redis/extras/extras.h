#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/exporter.h"

// What is asked beside the server itself, each in the background over a connection of its own:
// users' scripts, and the indexes of the search module.
namespace basewatch::redis {

// The collector `scripts`: Lua files that return names and numbers. A script that fails is 0 in
// redis_script_result and costs only itself.
class Scripts {
 public:
  Scripts(clients::RedisTarget target, std::vector<std::string> files, bool read_only)
      : connection_(std::move(target)), files_(std::move(files)), read_only_(read_only) {}

  Outcome run(Page& page, const Deadline& deadline);

 private:
  clients::RedisConnection connection_;
  const std::vector<std::string> files_;
  const bool read_only_;
};

// The values that a script returned, as its reply has them.
void add_script(Page& page, const std::string& file, const clients::RedisReply& reply);

// The collector `search`: FT.INFO of the indexes whose name matches.
class Search {
 public:
  Search(clients::RedisTarget target, std::string include);
  ~Search();

  Outcome run(Page& page, const Deadline& deadline);

 private:
  struct Filter;
  clients::RedisConnection connection_;
  std::unique_ptr<Filter> filter_;
};

void add_index(Page& page, const clients::RedisReply& info);

}  // namespace basewatch::redis
