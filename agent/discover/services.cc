#include "agent/discover/services.h"

namespace basewatch::discover {
namespace {

constexpr std::string_view kPostgres[] = {"postgres", "postmaster"};
constexpr std::uint16_t kPostgresPorts[] = {5432, 5433};
constexpr Line kPostgresLines[] = {
    {"dsn", "host={host} port={port} user=basewatch dbname=postgres"}};

constexpr std::string_view kRedis[] = {"redis-server", "valkey-server", "keydb-server"};
constexpr std::uint16_t kRedisPorts[] = {6379};
constexpr Line kRedisLines[] = {{"url", "redis://{host}:{port}"}};

// Kong is an nginx by name; what tells it apart are the ports of its admin and status interfaces.
constexpr std::string_view kNginx[] = {"nginx", "openresty"};
constexpr std::uint16_t kKongPorts[] = {8100, 8001};
constexpr Line kKongLines[] = {{"status_url", "http://{host}:{port}"}};

constexpr std::string_view kPgbouncer[] = {"pgbouncer"};
constexpr std::uint16_t kPgbouncerPorts[] = {6432};
constexpr Line kPgbouncerLines[] = {
    {"dsn", "host={host} port={port} user=basewatch dbname=pgbouncer"}};

constexpr std::string_view kEnvoy[] = {"envoy"};
constexpr std::uint16_t kEnvoyPorts[] = {9901};
constexpr std::string_view kAuth[] = {"gotrue", "auth"};
constexpr std::uint16_t kAuthPorts[] = {9999};
constexpr std::string_view kRest[] = {"postgrest"};
constexpr std::uint16_t kRestPorts[] = {3001, 3000};
constexpr std::string_view kBeam[] = {"beam.smp"};
constexpr std::uint16_t kBeamPorts[] = {4000, 6543};

constexpr std::string_view kDocker[] = {"dockerd"};
constexpr std::string_view kDockerPaths[] = {"/run/docker.sock"};
constexpr std::string_view kPodmanPaths[] = {"/run/podman/podman.sock"};
constexpr std::string_view kJournalPaths[] = {"/run/systemd/journal/stdout"};

constexpr std::string_view kTextfilePaths[] = {"/var/lib/prometheus/node-exporter",
                                               "/var/lib/node_exporter/textfile_collector"};
constexpr Line kTextfileLines[] = {{"collectors.textfile.directory", "[{path}]"}};

constexpr std::string_view kNodeExporter[] = {"node_exporter", "prometheus-node"};
constexpr std::uint16_t kNodeExporterPorts[] = {9100};
constexpr std::string_view kPostgresExporter[] = {"postgres_export", "prometheus-post"};
constexpr std::uint16_t kPostgresExporterPorts[] = {9187};
constexpr std::string_view kRedisExporter[] = {"redis_exporter", "prometheus-redi"};
constexpr std::uint16_t kRedisExporterPorts[] = {9121};
constexpr std::string_view kBlackbox[] = {"blackbox_export", "prometheus-blac"};
constexpr std::uint16_t kBlackboxPorts[] = {9115};
constexpr std::string_view kCadvisor[] = {"cadvisor"};
constexpr std::uint16_t kCadvisorPorts[] = {8080};
constexpr std::string_view kPromtail[] = {"promtail"};
constexpr std::uint16_t kPromtailPorts[] = {9080};

constexpr Service kServices[] = {
    {"postgres", "PostgreSQL", kPostgres, kPostgresPorts, false, {}, "postgres", kPostgresLines},
    {"redis", "Redis", kRedis, kRedisPorts, false, {}, "redis", kRedisLines},
    {"kong", "Kong", kNginx, kKongPorts, true, {}, "kong", kKongLines},
    {"pgbouncer",
     "PgBouncer",
     kPgbouncer,
     kPgbouncerPorts,
     false,
     {},
     "postgres",
     kPgbouncerLines},
    {"envoy", "Envoy", kEnvoy, kEnvoyPorts, false, {}, "envoy", {}},
    {"auth", "Supabase Auth", kAuth, kAuthPorts, true, {}, "supabase", {}},
    {"rest", "PostgREST", kRest, kRestPorts, false, {}, "supabase", {}},
    {"elixir", "Realtime, Supavisor or Logflare", kBeam, kBeamPorts, false, {}, "supabase", {}},
    {"docker", "Docker", kDocker, {}, false, kDockerPaths, "containers", {}},
    {"podman", "Podman", {}, {}, false, kPodmanPaths, "containers", {}},
    {"journald", "The systemd journal", {}, {}, false, kJournalPaths, "logs", {}},
    {"textfile", "Textfiles", {}, {}, false, kTextfilePaths, "node", kTextfileLines},
    {"node_exporter",
     "node_exporter",
     kNodeExporter,
     kNodeExporterPorts,
     false,
     {},
     "node",
     {},
     true},
    {"postgres_exporter",
     "postgres_exporter",
     kPostgresExporter,
     kPostgresExporterPorts,
     false,
     {},
     "postgres",
     {},
     true},
    {"redis_exporter",
     "redis_exporter",
     kRedisExporter,
     kRedisExporterPorts,
     false,
     {},
     "redis",
     {},
     true},
    {"blackbox_exporter",
     "blackbox_exporter",
     kBlackbox,
     kBlackboxPorts,
     false,
     {},
     "probe",
     {},
     true},
    {"cadvisor", "cAdvisor", kCadvisor, kCadvisorPorts, false, {}, "containers", {}, true},
    {"promtail", "Promtail", kPromtail, kPromtailPorts, false, {}, "logs", {}, true},
};

}  // namespace

std::span<const Service> services() {
  return kServices;
}

}  // namespace basewatch::discover
