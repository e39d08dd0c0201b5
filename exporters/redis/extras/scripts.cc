#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "agent/base/strings.h"
#include "exporters/redis/extras/extras.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

constexpr double kFailed = 0, kWell = 1, kEmpty = 2;
constexpr std::size_t kLongest = 1 << 20, kMostValues = 1000;

// Read at every run, so that a changed file takes effect. Nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string out;
  std::istreambuf_iterator<char> at(in), end;
  while (at != end && out.size() <= kLongest) out += *at++;
  if (out.size() > kLongest) return std::nullopt;
  return out;
}

}  // namespace

void add_script(Page& page, const std::string& file, const clients::RedisReply& reply) {
  if (!reply.is_array() || reply.items.size() % 2 != 0 || reply.items.size() / 2 > kMostValues) {
    page.add(m::script_result, kFailed, file);
    return;
  }
  std::vector<std::pair<std::string_view, double>> values;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    const auto number = reply.items[i + 1].number();
    if (number && reply.items[i].is_text()) values.emplace_back(reply.items[i].text, *number);
  }
  if (values.size() * 2 != reply.items.size()) {
    page.add(m::script_result, kFailed, file);
    return;
  }
  for (const auto& [key, value] : values) page.add(m::script_values, value, key, file);
  page.add(m::script_result, values.empty() ? kEmpty : kWell, file);
}

Outcome Scripts::run(Page& page, const Deadline& deadline) {
  if (files_.empty()) return absent("no script is given: set collectors.scripts.files");
  for (const auto& file : files_) {
    const auto script = read_file(file);
    if (!script) {
      page.add(m::script_result, kFailed, file);
      continue;
    }
    const std::vector<clients::RedisCommand> commands{
        {read_only_ ? "EVAL_RO" : "EVAL", *script, "0", "0"}};
    try {
      add_script(page, file, connection_.ask(commands, deadline).front());
    } catch (const clients::RedisError& error) {
      throw InstanceFailure(fmt::format("{}: {}: {}", connection_.target().url.shown(),
                                        printable(file), error.what()));
    }
  }
  return done();
}

}  // namespace basewatch::redis
