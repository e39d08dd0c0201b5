#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "agent/base/strings.h"
#include "exporters/redis/server/info.h"
#include "exporters/redis/server/parts.h"

using namespace basewatch;
using redis::add_info;

namespace {

// The lines of a page without comments.
std::string lines(Page& page) {
  page.seal();
  std::string out;
  for (const auto& family : page.families()) {
    for (const auto& sample : family.samples) {
      out += std::string(page.name(family)) +
             std::string(sample_suffix(static_cast<SampleKind>(sample.kind)));
      if (const auto labels = page.labels(sample); !labels.empty()) {
        out += "{" + std::string(labels) + "}";
      }
      out += " " + format_double(sample.value) + "\n";
    }
  }
  return out;
}

bool has(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a field of INFO is a row of the table") {
  Page page;
  add_info(page,
           "# Server\r\nuptime_in_seconds:100\r\nhz:10\r\n# Memory\r\nused_memory:1048576\r\n"
           "# Persistence\r\nrdb_last_bgsave_status:ok\r\naof_last_write_status:err\r\n"
           "# Stats\r\nlatest_fork_usec:1500000\r\nunknown_field:7\r\nbroken\r\n:\r\n"
           "total_reads_processed:not a number\r\n",
           1000, 0);
  const auto text = lines(page);
  CHECK(has(text, "redis_uptime_in_seconds 100"));
  CHECK(has(text, "redis_start_time_seconds 900"));
  CHECK(has(text, "redis_hz 10"));
  CHECK(has(text, "redis_memory_used_bytes 1.048576e+06"));
  CHECK(has(text, "redis_rdb_last_bgsave_status 1"));
  CHECK(has(text, "redis_aof_last_write_status 0"));
  CHECK(has(text, "redis_latest_fork_seconds 1.5"));
  CHECK(text.find("unknown") == std::string::npos);
  CHECK(text.find("reads_processed") == std::string::npos);
}

TEST_CASE("databases, also those that hold nothing") {
  Page page;
  add_info(page, "# Keyspace\r\ndb1:keys=5,expires=2,avg_ttl=1500\r\ndbx:keys=no\r\n", 0, 3);
  const auto text = lines(page);
  CHECK(has(text, "redis_db_keys{db=\"db1\"} 5"));
  CHECK(has(text, "redis_db_keys_expiring{db=\"db1\"} 2"));
  CHECK(has(text, "redis_db_avg_ttl_seconds{db=\"db1\"} 1.5"));
  CHECK(has(text, "redis_db_keys{db=\"db0\"} 0"));
  CHECK(has(text, "redis_db_keys{db=\"db2\"} 0"));
  CHECK(text.find("dbx") == std::string::npos);
}

TEST_CASE("commands with their times, errors and percentiles") {
  Page page;
  const auto facts = add_info(
      page,
      "# Commandstats\r\n"
      "cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=1,failed_calls=2\r\n"
      "cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00\r\ncmdstat_bad:calls=x\r\n"
      "# Errorstats\r\nerrorstat_ERR:count=4\r\n"
      "# Latencystats\r\nlatency_percentiles_usec_get:p50=0.001,p99.9=3.007\r\n"
      "latency_percentiles_usec_never:p50=1\r\nlatency_percentiles_usec_set:nonsense\r\n",
      0, 0);
  const auto text = lines(page);
  CHECK(has(text, "redis_commands_total{cmd=\"get\"} 21"));
  CHECK(has(text, "redis_commands_duration_seconds_total{cmd=\"get\"} 0.000175"));
  CHECK(has(text, "redis_commands_rejected_calls_total{cmd=\"get\"} 1"));
  CHECK(has(text, "redis_commands_failed_calls_total{cmd=\"get\"} 2"));
  CHECK(has(text, "redis_errors_total{err=\"ERR\"} 4"));
  CHECK(has(text, "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 3.007"));
  CHECK(has(text, "redis_latency_percentiles_usec_count{cmd=\"get\"} 21"));
  CHECK(text.find("never") == std::string::npos);
  CHECK(facts.command_usec.at("config|get") == 5);
}

TEST_CASE("a replica and its primary, also of KeyDB's several") {
  Page page;
  const auto facts = add_info(page,
                              "# Replication\r\nrole:slave\r\nmaster_host:db-0\r\n"
                              "master_port:6379\r\nmaster_link_status:up\r\n"
                              "master_last_io_seconds_ago:2\r\nmaster_sync_in_progress:0\r\n"
                              "slave_repl_offset:77\r\nslave_read_only:1\r\nmaster_1_host:db-2\r\n"
                              "master_1_port:6380\r\nmaster_1_link_status:down\r\n",
                              0, 0);
  const auto text = lines(page);
  CHECK(facts.role == "slave");
  CHECK(has(text, "redis_master_link_up{master_host=\"db-0\",master_port=\"6379\"} 1"));
  CHECK(has(text, "redis_master_link_up{master_host=\"db-2\",master_port=\"6380\"} 0"));
  CHECK(has(text, "redis_slave_repl_offset{master_host=\"db-0\",master_port=\"6379\"} 77"));
  CHECK(has(text, "redis_slave_info{master_host=\"db-0\",master_port=\"6379\",read_only=\"1\"} 1"));
}

TEST_CASE("replicas as the primary sees them") {
  Page page;
  add_info(page,
           "# Replication\r\nrole:master\r\n"
           "slave0:ip=10.0.0.2,port=6379,state=online,offset=1751844676,lag=1\r\n"
           "slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0\r\nslave2:garbage\r\n",
           0, 0);
  const auto text = lines(page);
  CHECK(has(text,
            "redis_connected_slave_lag_seconds{slave_ip=\"10.0.0.2\",slave_port=\"6379\",slave_"
            "state=\"online\"} 1"));
  CHECK(has(text,
            "redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.3\",slave_port=\"6379\",slave_"
            "state=\"wait_bgsave\"} 0"));
  CHECK(text.find("lag_seconds{slave_ip=\"10.0.0.3\"") == std::string::npos);
}

TEST_CASE("a Sentinel, and Valkey's own labels") {
  Page page;
  const auto facts = add_info(page,
                              "# Server\r\nredis_mode:sentinel\r\nvalkey_version:8.1.0\r\n"
                              "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n"
                              "master0:name=main,status=odown,address=10.0.0.2:6381,slaves=1,"
                              "sentinels=3\r\n",
                              0, 0);
  const auto text = lines(page);
  CHECK(facts.is_sentinel);
  CHECK(facts.is_valkey);
  CHECK(has(text, "redis_sentinel_masters 1"));
  CHECK(has(text,
            "redis_sentinel_master_status{master_address=\"10.0.0.2:6381\",master_name=\"main\","
            "master_status=\"odown\"} 0"));
  CHECK(text.find("valkey_version=\"8.1.0\"") != std::string::npos);
}

TEST_CASE("CLUSTER INFO") {
  Page page;
  redis::add_cluster_info(page,
                          "cluster_state:fail\r\ncluster_slots_ok:16384\r\n"
                          "cluster_stats_messages_sent:5\r\nnonsense\r\n");
  const auto text = lines(page);
  CHECK(has(text, "redis_cluster_state 0"));
  CHECK(has(text, "redis_cluster_slots_ok 16384"));
  CHECK(has(text, "redis_cluster_messages_sent_total 5"));
}

TEST_CASE("CLIENT LIST, also addresses of IPv6 and lines that are none") {
  Page page;
  redis::add_clients(page,
                     "id=4 addr=fd40::1:44426 name=web age=10 idle=3 flags=N db=0 sub=1 psub=0 "
                     "omem=5 tot-mem=61466 user=app resp=2\nnonsense\n",
                     100, true);
  const auto text = lines(page);
  CHECK(has(text,
            "redis_connected_client_info{db=\"0\",flags=\"N\",host=\"fd40::1\",id=\"4\",name="
            "\"web\",port=\"44426\",resp=\"2\",user=\"app\"} 1"));
  CHECK(has(text, "redis_connected_client_created_at_timestamp{id=\"4\",name=\"web\"} 90"));
  CHECK(has(text, "redis_connected_client_idle_since_timestamp{id=\"4\",name=\"web\"} 97"));
  CHECK(text.find("watched_keys") == std::string::npos);
}

// INFO of servers that Debian does not have, typed from public documentation.
namespace {

std::string page_of(const std::string& name, redis::Facts* facts = nullptr) {
  std::ifstream in(std::string(SOURCE_DIR "/tests/fixtures/redis/") + name + ".info");
  REQUIRE_MESSAGE(in, name);
  const std::string info{std::istreambuf_iterator<char>(in), {}};
  Page page;
  auto found = add_info(page, info, 100'000, 1);
  if (facts) *facts = std::move(found);
  return lines(page);
}

}  // namespace

TEST_CASE("Redis 5 (synthetic): a replica whose primary is away") {
  redis::Facts facts;
  const auto text = page_of("redis-5", &facts);
  CHECK(facts.role == "slave");
  CHECK(has(text, "redis_master_link_up{master_host=\"10.0.0.1\",master_port=\"6379\"} 0"));
  CHECK(has(text,
            "redis_slave_info{master_host=\"10.0.0.1\",master_port=\"6379\",read_only=\"1\"} 1"));
  CHECK(has(text, "redis_commands_total{cmd=\"get\"} 600"));
  CHECK(text.find("failed_calls") == std::string::npos);
  CHECK(has(text, "redis_db_avg_ttl_seconds{db=\"db0\"} 1.5"));
  CHECK(has(text, "redis_slave_priority 100"));
}

TEST_CASE("Redis 6 (synthetic): a primary of a Cluster with replicas") {
  redis::Facts facts;
  const auto text = page_of("redis-6", &facts);
  CHECK(facts.is_cluster);
  CHECK(facts.replicas.size() == 2);
  CHECK(facts.replicas[1].first == "fd00::3");
  CHECK(has(text,
            "redis_connected_slave_lag_seconds{slave_ip=\"10.0.0.2\",slave_port=\"7001\","
            "slave_state=\"online\"} 1"));
  CHECK(has(text, "redis_errors_total{err=\"WRONGTYPE\"} 3"));
  CHECK(has(text, "redis_commands_failed_calls_total{cmd=\"set\"} 2"));
  CHECK(has(text, "redis_memory_max_bytes 1.048576e+08"));
  CHECK(has(text, "redis_tracking_total_items 5"));
}

TEST_CASE("Redis 8 (synthetic): what is new, and what nobody knows is left out") {
  const auto text = page_of("redis-8");
  CHECK(has(text, "redis_active_time_io_thread_seconds_total{thread=\"1\"} 0.75"));
  CHECK(has(text, "redis_expired_subkeys_total 11"));
  CHECK(has(text, "redis_acl_access_denied_auth_total 2"));
  CHECK(has(text, "redis_commands_total{cmd=\"config|get\"} 4"));
  CHECK(has(text, "redis_latency_percentiles_usec{cmd=\"hgetall\",quantile=\"99.9\"} 30.079"));
  CHECK(has(text, "redis_db_keys{db=\"db0\"} 17"));
  CHECK(text.find("distrib") == std::string::npos);
}

TEST_CASE("Valkey 8 (synthetic): its own version beside Redis'") {
  redis::Facts facts;
  const auto text = page_of("valkey-8", &facts);
  CHECK(facts.is_valkey);
  CHECK(text.find("valkey_version=\"8.1.1\"") != std::string::npos);
  CHECK(has(text,
            "redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.9\",slave_port=\"6380\","
            "slave_state=\"online\"} 5"));
}

TEST_CASE("KeyDB (synthetic): several primaries") {
  const auto text = page_of("keydb");
  CHECK(has(text, "redis_master_link_up{master_host=\"10.0.0.1\",master_port=\"6379\"} 1"));
  CHECK(has(text, "redis_master_link_up{master_host=\"10.0.0.2\",master_port=\"6380\"} 0"));
  CHECK(has(text, "redis_db_keys_cached{db=\"db0\"} 9"));
  CHECK(has(text, "redis_server_threads_total 2"));
}

TEST_CASE("Dragonfly (synthetic): fewer sections") {
  redis::Facts facts;
  const auto text = page_of("dragonfly", &facts);
  CHECK(facts.version == "7.4.0");
  CHECK(has(text, "redis_connected_clients 1"));
  CHECK(has(text, "redis_memory_max_bytes 1.073741824e+10"));
  CHECK(has(text, "redis_commands_total{cmd=\"get\"} 3"));
}
