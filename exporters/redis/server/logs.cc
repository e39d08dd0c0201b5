// What a server remembers of slow and large commands and of latency.
#include <cmath>

#include "exporters/redis/server/parts.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using clients::RedisReply;

constexpr double kMicrosecond = 1e-6, kMillisecond = 1e-3;

// Event, when, how long, the longest.
void add_spikes(Page& page, const RedisReply& reply, const Facts&) {
  for (const auto& event : reply.items) {
    if (event.items.size() < 4) continue;
    const auto when = event.items[1].number(), length = event.items[2].number();
    if (!when || !length) continue;
    page.add(m::latency_spike_last, *when, event.items[0].text);
    page.add(m::latency_spike_duration_seconds, *length * kMillisecond, event.items[0].text);
  }
}

// The time of a command and of its subcommands: of "config" also that of "config|get".
double time_of(const Facts& facts, std::string_view command) {
  double sum = 0;
  for (auto at = facts.command_usec.lower_bound(command); at != facts.command_usec.end(); ++at) {
    const std::string_view name = at->first;
    if (!name.starts_with(command)) break;
    if (name.size() == command.size() || name[command.size()] == '|') sum += at->second;
  }
  return sum;
}

// For each command: calls, n, histogram_usec, (bound, how many up to it) ...
void add_histograms(Page& page, const RedisReply& reply, const Facts& facts) {
  std::vector<double> bounds, counts;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    const auto& command = reply.items[i].text;
    const auto *calls = reply.items[i + 1].find("calls"),
               *histogram = reply.items[i + 1].find("histogram_usec");
    if (!calls || !histogram) continue;
    bounds.clear();
    counts.clear();
    for (std::size_t j = 0; j + 1 < histogram->items.size(); j += 2) {
      bounds.push_back(static_cast<double>(histogram->items[j].integer));
      counts.push_back(static_cast<double>(histogram->items[j + 1].integer));
    }
    counts.push_back(static_cast<double>(calls->integer));
    page.add(m::commands_latencies_usec, HistogramValue{bounds, counts, time_of(facts, command)},
             command);
  }
}

// The newest entry: its number, when, and how long it took.
void add_newest_slow(Page& page, const RedisReply& reply, const Facts&) {
  double id = 0, usec = 0;
  if (!reply.items.empty()) {
    const auto& entry = reply.items.front().items;
    if (!entry.empty()) id = entry[0].number().value_or(0);
    if (entry.size() > 2) usec = entry[2].number().value_or(0);
  }
  page.add(m::slowlog_last_id, id);
  page.add(m::last_slow_execution_duration_seconds, usec * kMicrosecond);
}

auto put(const Metric<0>& metric) {
  return [&metric](Page& page, const RedisReply& reply, const Facts&) {
    if (const auto number = reply.number()) page.add(metric, *number);
  };
}

void add_commandlog_settings(Page& page, const RedisReply& reply, const Facts&) {
  static constexpr std::pair<std::string_view, const Metric<0>*> kSettings[] = {
      {"commandlog-execution-slower-than", &m::commandlog_execution_slower_than},
      {"commandlog-slow-execution-max-len", &m::commandlog_slow_execution_max_len},
      {"commandlog-request-larger-than", &m::commandlog_request_larger_than},
      {"commandlog-large-request-max-len", &m::commandlog_large_request_max_len},
      {"commandlog-reply-larger-than", &m::commandlog_reply_larger_than},
      {"commandlog-large-reply-max-len", &m::commandlog_large_reply_max_len}};
  for (const auto& [name, metric] : kSettings) {
    const auto* found = reply.find(name);
    const auto number = found ? found->number() : std::nullopt;
    if (number) page.add(*metric, *number);
  }
}

}  // namespace

void ask_latency(Asks& asks, const Options& options) {
  if (!options.histograms) return;
  asks.push_back({{"LATENCY", "LATEST"}, add_spikes});
  asks.push_back({{"LATENCY", "HISTOGRAM"}, add_histograms});
}

void ask_slowlog(Asks& asks) {
  asks.push_back({{"SLOWLOG", "LEN"}, put(m::slowlog_length)});
  asks.push_back({{"SLOWLOG", "GET", "1"}, add_newest_slow});
}

void ask_commandlog(Asks& asks, const Options& options) {
  asks.push_back({{"COMMANDLOG", "LEN", "slow"}, put(m::commandlog_slow_length)});
  asks.push_back({{"COMMANDLOG", "LEN", "large-request"}, put(m::commandlog_large_request_length)});
  asks.push_back({{"COMMANDLOG", "LEN", "large-reply"}, put(m::commandlog_large_reply_length)});
  if (options.config_command.empty()) return;
  asks.push_back({{options.config_command, "GET", "commandlog-*"}, add_commandlog_settings});
}

}  // namespace basewatch::redis
