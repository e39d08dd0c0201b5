// CLIENT LIST: every connected client. Off by default, for each client is a dozen series.
#include <array>
#include <optional>

#include "agent/base/strings.h"
#include "exporters/redis/server/parts.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

// The fields of one line, "id=11 addr=127.0.0.1:63508 name= age=6321 ...".
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  std::optional<std::string_view> find(std::string_view name) const {
    auto rest = text_;
    while (true) {
      const auto word = next_word(rest);
      if (word.empty()) return std::nullopt;
      const auto equals = word.find('=');
      if (equals != std::string_view::npos && word.substr(0, equals) == name) {
        return word.substr(equals + 1);
      }
    }
  }
  std::string_view text(std::string_view name) const { return find(name).value_or(""); }
  double number(std::string_view name) const { return parse_double(text(name)).value_or(0); }

 private:
  std::string_view text_;
};

void add_info(Page& page, const Line& line, bool with_port) {
  const auto address = line.text("addr");
  const auto colon = address.rfind(':');
  auto spec = m::connected_client_info.spec();
  std::vector<std::string_view> names(spec.labels.begin(), spec.labels.end());
  std::vector<std::string_view> values{line.text("id"), line.text("name"), line.text("flags"),
                                       line.text("db"), address.substr(0, colon)};
  const auto add = [&](std::string_view name, std::string_view value) {
    names.push_back(name);
    values.push_back(value);
  };
  if (with_port) add("port", address.substr(colon + 1));
  for (const std::string_view own : {"user", "resp"}) {
    if (const auto value = line.text(own); !value.empty()) add(own, value);
  }
  spec.labels = names;
  page.add(spec, 1, values);
}

void add_client(Page& page, const Line& line, double now, bool with_port) {
  add_info(page, line, with_port);
  const auto id = line.text("id"), name = line.text("name");
  static constexpr std::pair<const Metric<2>*, std::string_view> kFields[] = {
      {&m::connected_client_output_buffer_memory_usage_bytes, "omem"},
      {&m::connected_client_total_memory_consumed_bytes, "tot-mem"},
      {&m::connected_client_channel_subscriptions_count, "sub"},
      {&m::connected_client_pattern_matching_subscriptions_count, "psub"},
      {&m::connected_client_query_buffer_length_bytes, "qbuf"},
      {&m::connected_client_query_buffer_free_space_bytes, "qbuf-free"},
      {&m::connected_client_output_buffer_length_bytes, "obl"},
      {&m::connected_client_output_list_length, "oll"}};
  for (const auto& [metric, field] : kFields) page.add(*metric, line.number(field), id, name);
  page.add(m::connected_client_created_at_timestamp, now - line.number("age"), id, name);
  page.add(m::connected_client_idle_since_timestamp, now - line.number("idle"), id, name);
  if (line.find("ssub")) {
    page.add(m::connected_client_shard_channel_subscriptions_count, line.number("ssub"), id, name);
  }
  if (line.find("watch")) {
    page.add(m::connected_client_shard_channel_watched_keys, line.number("watch"), id, name);
  }
}

}  // namespace

void add_clients(Page& page, std::string_view list, double now, bool with_port) {
  std::string_view text;
  while (next_line(list, text)) {
    const Line line(text);
    if (!line.find("id") || line.text("addr").find(':') == std::string_view::npos) continue;
    add_client(page, line, now, with_port);
  }
}

void ask_clients(Asks& asks, const Options& options, const Clock& clock) {
  if (!options.client_list) return;
  asks.push_back({{"CLIENT", "LIST"},
                  [&clock, port = options.client_port](Page& page, const clients::RedisReply& reply,
                                                       const Facts&) {
                    add_clients(page, reply.text, whole_seconds(clock), port);
                  }});
}

}  // namespace basewatch::redis
