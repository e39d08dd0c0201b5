// INFO MODULES: module:name=bf,ver=999999,api=1,filters=0,usedby=[],using=[],options=[]
#include "agent/base/strings.h"
#include "exporters/redis/server/parts.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

void add_module(Page& page, std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 7) return;
  const auto value = [&](std::size_t i) {
    const auto equals = parts[i].find('=');
    return equals == std::string_view::npos ? std::string_view() : parts[i].substr(equals + 1);
  };
  page.add(m::module_info, 1, value(0), value(1), value(2), value(3), value(4), value(5));
}

}  // namespace

void ask_modules(Asks& asks) {
  asks.push_back(
      {{"INFO", "MODULES"}, [](Page& page, const clients::RedisReply& reply, const Facts&) {
         std::string_view info = reply.text, line;
         while (next_line(info, line)) {
           line = trim(line);
           const auto colon = line.find(':');
           if (colon == std::string_view::npos) continue;
           const auto field = line.substr(0, colon), value = line.substr(colon + 1);
           if (field == "module") {
             add_module(page, value);
           } else {
             add_info_field(page, field, value);
           }
         }
       }});
}

// Names and values in turn, as INFO has them in lines.
void ask_tile38(Asks& asks) {
  asks.push_back(
      {{"SERVER", "EXT"}, [](Page& page, const clients::RedisReply& reply, const Facts&) {
         for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
           const auto& name = reply.items[i].text;
           add_info_field(page, name.starts_with("tile38_") ? name : "tile38_" + name,
                          reply.items[i + 1].text);
         }
       }});
}

}  // namespace basewatch::redis
