#include "exporters/redis/keys/keys.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using namespace std::chrono_literals;

// "role:master" of INFO.
std::string_view field_of(std::string_view info, std::string_view name) {
  std::string_view line;
  while (next_line(info, line)) {
    line = trim(line);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

// "db0:keys=5,expires=0": how many keys each database has.
std::map<int, std::uint64_t> sizes_of(std::string_view info) {
  std::map<int, std::uint64_t> out;
  std::string_view line;
  while (next_line(info, line)) {
    line = trim(line);
    const auto colon = line.find(":keys=");
    if (!line.starts_with("db") || colon == std::string_view::npos) continue;
    const auto db = parse_uint(line.substr(2, colon - 2));
    auto count = line.substr(colon + 6);
    const auto keys = parse_uint(count.substr(0, count.find(',')));
    if (db && keys && *db <= 100'000) out[static_cast<int>(*db)] = *keys;
  }
  return out;
}

}  // namespace

Keys::Keys(clients::RedisTarget target, KeyOptions options, std::shared_ptr<HostLink> host,
           std::shared_ptr<const std::atomic<int>> databases, Clock& clock)
    : target_(std::move(target)),
      options_(std::move(options)),
      host_(std::move(host)),
      databases_(std::move(databases)),
      clock_(clock),
      connection_(target_) {}

// One round trip, and the rest after it.
Keys::Replies Keys::ask(std::span<const clients::RedisCommand> commands, std::size_t keys,
                        const Deadline& deadline) {
  const auto begin = clock_.now();
  auto replies = connection_.ask(commands, deadline);
  const Duration took = clock_.now() - begin - connection_.connect_time();
  server_seconds_ += seconds(took);
  const Pace pace{options_.keys_per_second, options_.server_share};
  const auto rest = pace.rest_after(took, keys);
  if (!rest_.rest(clock_, std::min(clock_.now() + rest, deadline.at()))) {
    throw std::runtime_error("it was stopped");
  }
  return replies;
}

Outcome Keys::run(Page& page, const Deadline& deadline) {
  if (!options_.any()) {
    return absent("no key is asked for: set check, count, groups or streams below collectors.keys");
  }
  try {
    const std::vector<clients::RedisCommand> first{{"INFO"}};
    const auto replies = ask(first, 0, deadline);
    const auto& info = replies.front();
    if (!info.is_text()) {
      throw std::runtime_error("INFO is not answered: " + printable(info.text, 100));
    }
    if (options_.skip_primary && field_of(info.text, "role") == "master") {
      underway_.reset();
      complete_.reset();
      return absent("the server is a primary, and skip_primary leaves its keys alone");
    }
    // What is left at the end is for the keys and streams that were found.
    const auto span = deadline.remaining();
    if (options_.scans()) walk(info.text, clock_.now() + span * 2 / 3, deadline);
    std::vector<DbKey> keys = options_.single, streams = options_.single_streams;
    if (complete_) {
      const auto& found = complete_->result;
      keys.insert(keys.end(), found.keys.begin(), found.keys.end());
      streams.insert(streams.end(), found.streams.begin(), found.streams.end());
    }
    const AskServer asking = [&](std::span<const clients::RedisCommand> commands) {
      return ask(commands, 0, deadline);
    };
    inspect_keys(page, keys, options_.values, asking);
    inspect_streams(page, streams, options_.consumers, asking);
  } catch (const clients::RedisError& error) {
    throw InstanceFailure(fmt::format("{}: {}", target_.url.shown(), error.what()));
  }
  if (complete_) add_complete(page);
  if (options_.scans()) add_progress(page);
  return done();
}

// Goes on with the walk, or begins a new one, until it is complete or the time is over.
void Keys::walk(const std::string& info, MonoTime until, const Deadline& deadline) {
  const auto run_id = field_of(info, "run_id");
  if (run_id != run_id_) underway_.reset();  // another server: its cursors mean nothing there
  run_id_ = run_id;
  if (!underway_) underway_.emplace(Underway{Pass(options_, sizes_of(info)), clock_.now()});
  auto& pass = underway_->pass;
  while (!pass.is_done() && clock_.now() < until) {
    const auto before = pass.seen();
    pass.take_scan(ask(pass.scan(), options_.batch, deadline));
    keys_total_ += static_cast<double>(pass.seen() - before);
    const auto memory = pass.memory();
    if (!memory.empty()) pass.take_memory(ask(memory, 0, deadline));
  }
  if (!pass.is_done()) return;
  complete_ = Complete{std::move(pass.result()), clock_.wall_now(),
                       std::chrono::duration_cast<Duration>(clock_.now() - underway_->began)};
  underway_.reset();
  note_left_out();
}

void Keys::note_left_out() {
  const auto left_out = complete_->result.left_out;
  host_->note("keys", left_out == 0
                          ? std::string()
                          : fmt::format("{} keys match the patterns of check or streams and "
                                        "are left out: only the first {} are looked at "
                                        "(collectors.keys.most_keys)",
                                        left_out, options_.most_keys));
}

void Keys::add_complete(Page& page) const {
  const auto& result = complete_->result;
  for (std::size_t i = 0; i < options_.count.size(); ++i) {
    const auto& key = options_.count[i];
    page.add(m::keys_count, result.counts[i], fmt::format("db{}", key.db), key.key);
  }
  if (!options_.groups.empty()) add_groups(page, result);
  page.add(m::key_pass_completed_timestamp_seconds, unix_seconds(complete_->ended));
  page.add(m::key_pass_duration_seconds, seconds(complete_->took));
  page.add(m::key_pass_left_out_keys, static_cast<double>(result.left_out));
}

void Keys::add_groups(Page& page, const PassResult& result) const {
  const int databases = databases_->load();
  for (int db = 0; db < databases; ++db) {
    if (!result.groups.contains(db)) {
      page.add(m::number_of_distinct_key_groups, 0, fmt::format("db{}", db));
    }
  }
  for (const auto& [db, table] : result.groups) {
    const auto label = fmt::format("db{}", db);
    for (const auto& group : table.top(options_.most_groups)) {
      page.add(m::key_group_count, static_cast<double>(group.keys), label, group.name);
      page.add(m::key_group_memory_usage_bytes, static_cast<double>(group.bytes), label,
               group.name);
    }
    page.add(m::number_of_distinct_key_groups, table.distinct(), label);
  }
  page.add(m::last_key_groups_scrape_duration_milliseconds,
           static_cast<double>(
               std::chrono::duration_cast<std::chrono::milliseconds>(complete_->took).count()));
}

void Keys::add_progress(Page& page) const {
  page.add(m::key_pass_progress_ratio, underway_ ? underway_->pass.progress() : 1);
  page.add(m::key_pass_keys_total, keys_total_);
  page.add(m::key_pass_server_seconds_total, server_seconds_);
}

}  // namespace basewatch::redis
