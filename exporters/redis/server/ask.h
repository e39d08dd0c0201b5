#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/page.h"
#include "exporters/redis/server/info.h"

// What a scrape asks a server. Each part of the page is one or more asks; all of them go out in one
// piece and come back in order, INFO first.
namespace basewatch::redis {

struct Ask {
  clients::RedisCommand command;
  // Puts the answer on the page; never called with an error. `facts` are those of this scrape's
  // INFO.
  std::function<void(Page&, const clients::RedisReply&, const Facts&)> take;

  // "CONFIG GET", for notes and to remember what a server refuses.
  std::string name() const;
};

using Asks = std::vector<Ask>;

}  // namespace basewatch::redis
