#include "exporters/redis/server/info.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "agent/base/strings.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

// "keys=1,expires=0": the value behind a name, or nothing.
std::optional<std::string_view> value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name) {
      return part.substr(equals + 1);
    }
  }
  return std::nullopt;
}

std::optional<double> number_of(std::string_view text, std::string_view name) {
  const auto value = value_of(text, name);
  return value ? parse_double(*value) : std::nullopt;
}

// INFO's words for yes and no, and its numbers.
std::optional<double> field_value(std::string_view value) {
  if (value == "ok" || value == "true") return 1;
  if (value == "err" || value == "fail" || value == "false") return 0;
  return parse_double(value);
}

// "master_1_host" of KeyDB's several primaries is "master_host" of one; empty when it is neither.
std::string_view primary_field(std::string_view field) {
  if (!field.starts_with("master_")) return {};
  field.remove_prefix(7);
  const auto digits = field.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string_view::npos && field[digits] == '_') {
    field.remove_prefix(digits + 1);
  }
  return field;
}

// What becomes of a field of INFO.
struct Field {
  const FieldMetric* metric = nullptr;
  bool kept = false;  // the labels of redis_instance_info, and the server's facts, are made of it
};

// Looked up for each of some two hundred fields in every scrape: by hash, not by search.
const Field* field_of(std::string_view name) {
  static const auto kFields = [] {
    std::unordered_map<std::string_view, Field> fields;
    for (const auto& row : m::from_info) fields[row.field].metric = &row;
    for (const std::string_view kept :
         {"role", "redis_version", "redis_build_id", "redis_mode", "os", "tcp_port", "run_id",
          "process_id", "master_replid", "maxmemory_policy", "master_host", "master_port",
          "slave_read_only", "valkey_version", "valkey_release_stage", "total_system_memory",
          "cluster_enabled"}) {
      fields[kept].kept = true;
    }
    return fields;
  }();
  const auto found = kFields.find(name);
  return found == kFields.end() ? nullptr : &found->second;
}

enum class Section {
  other,
  server,
  replication,
  commandstats,
  latencystats,
  errorstats,
  keyspace,
  sentinel
};

Section section_of(std::string_view name) {
  if (name == "Server") return Section::server;
  if (name == "Replication") return Section::replication;
  if (name == "Commandstats") return Section::commandstats;
  if (name == "Latencystats") return Section::latencystats;
  if (name == "Errorstats") return Section::errorstats;
  if (name == "Keyspace") return Section::keyspace;
  if (name == "Sentinel") return Section::sentinel;
  return Section::other;
}

void add_number(Page& page, const FieldMetric& of, std::string_view value) {
  auto number = field_value(value);
  if (!number) return;
  if (of.field == "latest_fork_usec") *number /= 1e6;
  page.add(of.metric, *number);
}

// A field whose name is made of something.
void add_other_field(Page& page, std::string_view field, std::string_view value) {
  constexpr std::string_view kThread = "used_active_time_io_thread_";
  if (field.starts_with("cluster_")) {
    return add_cluster_info(page, std::string(field) + ":" + std::string(value));
  }
  if (!field.starts_with(kThread) || !parse_uint(field.substr(kThread.size()))) return;
  if (const auto number = parse_double(value)) {
    page.add(m::active_time_io_thread_seconds_total, *number, field.substr(kThread.size()));
  }
}

class Reader {
 public:
  Reader(Page& page, double now) : page_(page), now_(now) {}

  void read(std::string_view info) {
    std::string_view line;
    while (next_line(info, line)) {
      line = trim(line);
      if (line.starts_with("# ")) {
        section_ = section_of(line.substr(2));
        continue;
      }
      const auto colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0) continue;
      field(line.substr(0, colon), line.substr(colon + 1));
    }
    add_latency_summaries();
    add_instance();
  }

  void add_empty_databases(int databases) {
    for (int i = 0; i < databases; ++i) {
      const auto name = "db" + std::to_string(i);
      if (std::ranges::find(databases_, name) != databases_.end()) continue;
      page_.add(m::db_keys, 0, name);
      page_.add(m::db_keys_expiring, 0, name);
    }
  }

  Facts facts;

 private:
  struct Latency {
    std::string_view command;
    std::vector<std::pair<double, double>> quantiles;
  };

  void field(std::string_view name, std::string_view value) {
    const auto* known = field_of(name);
    if (known && known->kept) known_.insert_or_assign(name, value);
    switch (section_) {
      case Section::commandstats:
        return add_command(name, value);
      case Section::latencystats:
        return keep_latency(name, value);
      case Section::errorstats:
        return add_error(name, value);
      case Section::replication:
        if (add_replication(name, value)) return;
        break;
      case Section::keyspace:
        if (add_database(name, value)) return;
        break;
      case Section::sentinel:
        if (add_sentinel(name, value)) return;
        break;
      case Section::server:
        add_server(name, value);
        break;
      case Section::other:
        break;
    }
    if (known && known->metric) {
      add_number(page_, *known->metric, value);
    } else {
      add_other_field(page_, name, value);
    }
  }

  std::string_view known(std::string_view name) const {
    const auto found = known_.find(name);
    return found == known_.end() ? std::string_view() : found->second;
  }

  void add_server(std::string_view name, std::string_view value) {
    const auto number = parse_double(value);
    if (!number) return;
    if (name == "uptime_in_seconds") page_.add(m::start_time_seconds, now_ - *number);
    if (name == "configured_hz") page_.add(m::configured_hz, *number);
    if (name == "hz") page_.add(m::hz, *number);
  }

  bool add_replication(std::string_view name, std::string_view value) {
    const auto field = primary_field(name);
    if (field == "host") host_ = value;
    if (field == "port") port_ = value;
    if (field == "link_status") {
      page_.add(m::master_link_up, value == "up" ? 1 : 0, host_, port_);
      return true;
    }
    const auto number = parse_double(value).value_or(0);
    if (field == "last_io_seconds_ago") {
      page_.add(m::master_last_io_seconds_ago, number, host_, port_);
    } else if (field == "sync_in_progress") {
      page_.add(m::master_sync_in_progress, number, host_, port_);
    } else if (name == "slave_repl_offset") {
      page_.add(m::slave_repl_offset, number, host_, port_);
    } else {
      return add_replica(name, value);
    }
    return true;
  }

  // slave0:ip=10.0.0.2,port=6379,state=online,offset=1751844676,lag=0
  bool add_replica(std::string_view name, std::string_view value) {
    if (!name.starts_with("slave") || !parse_uint(name.substr(5))) return false;
    const auto offset = number_of(value, "offset");
    if (!offset) return false;
    const auto ip = value_of(value, "ip").value_or(""), port = value_of(value, "port").value_or(""),
               state = value_of(value, "state").value_or("");
    facts.replicas.emplace_back(ip, port);
    page_.add(m::connected_slave_offset_bytes, *offset, ip, port, state);
    if (const auto lag = number_of(value, "lag"); lag && *lag > -1) {
      page_.add(m::connected_slave_lag_seconds, *lag, ip, port, state);
    }
    return true;
  }

  // cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0
  void add_command(std::string_view name, std::string_view value) {
    if (!name.starts_with("cmdstat_")) return;
    const auto command = name.substr(8);
    const auto calls = number_of(value, "calls"), usec = number_of(value, "usec");
    if (!calls || !usec) return;
    page_.add(m::commands_total, *calls, command);
    page_.add(m::commands_duration_seconds_total, *usec / 1e6, command);
    if (const auto rejected = number_of(value, "rejected_calls")) {
      page_.add(m::commands_rejected_calls_total, *rejected, command);
    }
    if (const auto failed = number_of(value, "failed_calls")) {
      page_.add(m::commands_failed_calls_total, *failed, command);
    }
    calls_.insert_or_assign(command, *calls);
    facts.command_usec.insert_or_assign(std::string(command), *usec);
  }

  // latency_percentiles_usec_get:p50=0.001,p99=1.003,p99.9=3.007
  void keep_latency(std::string_view name, std::string_view value) {
    constexpr std::string_view kPrefix = "latency_percentiles_usec_";
    if (!name.starts_with(kPrefix)) return;
    Latency latency{name.substr(kPrefix.size()), {}};
    while (!value.empty()) {
      const auto part = value.substr(0, value.find(','));
      value.remove_prefix(std::min(value.size(), part.size() + 1));
      const auto equals = part.find('=');
      if (!part.starts_with('p') || equals == std::string_view::npos) return;
      const auto quantile = parse_double(part.substr(1, equals - 1)),
                 usec = parse_double(part.substr(equals + 1));
      if (!quantile || !usec) return;
      latency.quantiles.emplace_back(*quantile, *usec);
    }
    latencies_.push_back(std::move(latency));
  }

  void add_latency_summaries() {
    for (const auto& [command, quantiles] : latencies_) {
      const auto calls = calls_.find(command);
      if (calls == calls_.end()) continue;
      const auto sum = facts.command_usec.find(command)->second;
      page_.add(m::latency_percentiles_usec, SummaryValue{quantiles, sum, calls->second}, command);
    }
  }

  // errorstat_ERR:count=4
  void add_error(std::string_view name, std::string_view value) {
    if (!name.starts_with("errorstat_")) return;
    if (const auto count = number_of(value, "count")) {
      page_.add(m::errors_total, *count, name.substr(10));
    }
  }

  // db0:keys=1,expires=0,avg_ttl=0,cached_keys=0
  bool add_database(std::string_view name, std::string_view value) {
    const auto keys = number_of(value, "keys"), expires = number_of(value, "expires");
    if (!name.starts_with("db") || !keys || !expires) return false;
    page_.add(m::db_keys, *keys, name);
    page_.add(m::db_keys_expiring, *expires, name);
    if (const auto cached = number_of(value, "cached_keys")) {
      page_.add(m::db_keys_cached, *cached, name);
    }
    if (const auto ttl = number_of(value, "avg_ttl")) {
      page_.add(m::db_avg_ttl_seconds, *ttl / 1000, name);
    }
    databases_.emplace_back(name);
    return true;
  }

  bool add_sentinel(std::string_view name, std::string_view value) {
    static constexpr std::pair<std::string_view, const Metric<0>*> kNumbers[] = {
        {"sentinel_masters", &m::sentinel_masters},
        {"sentinel_tilt", &m::sentinel_tilt},
        {"sentinel_running_scripts", &m::sentinel_running_scripts},
        {"sentinel_scripts_queue_length", &m::sentinel_scripts_queue_length},
        {"sentinel_simulate_failure_flags", &m::sentinel_simulate_failure_flags}};
    for (const auto& [known, metric] : kNumbers) {
      if (name == known) page_.add(*metric, parse_double(value).value_or(0));
      if (name == known) return true;
    }
    // master0:name=main,status=ok,address=10.0.0.2:6381,slaves=1,sentinels=5
    if (!name.starts_with("master") || !parse_uint(name.substr(6))) return false;
    const auto primary = value_of(value, "name").value_or(""),
               status = value_of(value, "status").value_or(""),
               address = value_of(value, "address").value_or("");
    const auto slaves = number_of(value, "slaves"), sentinels = number_of(value, "sentinels");
    if (!slaves || !sentinels) return false;
    page_.add(m::sentinel_master_status, status == "ok" ? 1 : 0, primary, address, status);
    page_.add(m::sentinel_master_slaves, *slaves, primary, address);
    page_.add(m::sentinel_master_sentinels, *sentinels, primary, address);
    return true;
  }

  void add_instance() {
    facts.system_memory = parse_double(known("total_system_memory"));
    facts.is_cluster = known("cluster_enabled") == "1";
    facts.is_sentinel = known("redis_mode") == "sentinel";
    facts.role = known("role");
    facts.version = known("redis_version");
    facts.is_valkey = known_.contains("valkey_version");
    // Valkey adds its own labels, as the peer does; nobody else has them, not even empty.
    auto spec = m::instance_info.spec();
    std::vector<std::string_view> names(spec.labels.begin(), spec.labels.end());
    for (const std::string_view own : {"valkey_version", "valkey_release_stage"}) {
      if (known_.contains(own)) names.push_back(own);
    }
    std::vector<std::string_view> values;
    for (const auto name : names) values.push_back(known(name));
    spec.labels = names;
    page_.add(spec, 1, values);
    if (facts.role == "slave") {
      page_.add(m::slave_info, 1, known("master_host"), known("master_port"),
                known("slave_read_only"));
    }
  }

  Page& page_;
  const double now_;
  Section section_ = Section::other;
  std::string_view host_, port_;
  std::map<std::string_view, std::string_view> known_;
  std::map<std::string_view, double> calls_;
  std::vector<Latency> latencies_;
  std::vector<std::string> databases_;
};

}  // namespace

void add_info_field(Page& page, std::string_view field, std::string_view value) {
  const auto* known = field_of(field);
  if (known && known->metric) return add_number(page, *known->metric, value);
  add_other_field(page, field, value);
}

void add_cluster_info(Page& page, std::string_view info) {
  std::string_view line;
  while (next_line(info, line)) {
    line = trim(line);
    const auto colon = line.find(':');
    if (!line.starts_with("cluster_") || colon == std::string_view::npos) continue;
    auto field = line.substr(8, colon - 8);
    if (field == "stats_messages_sent") field = "messages_sent_total";
    if (field == "stats_messages_received") field = "messages_received_total";
    if (const auto number = field_value(line.substr(colon + 1))) {
      page.add(m::cluster, field, *number);
    }
  }
}

Facts add_info(Page& page, std::string_view info, double now, int databases) {
  Reader reader(page, now);
  reader.read(info);
  reader.add_empty_databases(reader.facts.is_cluster ? std::min(databases, 1) : databases);
  return std::move(reader.facts);
}

}  // namespace basewatch::redis
