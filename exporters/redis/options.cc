#include "exporters/redis/options.h"

namespace basewatch::redis {
namespace {

constexpr Option kOptions[] = {
    {"url", OptionType::text, "redis://127.0.0.1:6379",
     "Where the server is: redis://HOST:PORT, rediss:// for TLS, unix:///PATH of a socket."},
    {"user", OptionType::text, "", "The user of the access list; empty: the default user."},
    {"password", OptionType::secret, "", "Its password; read anew at each connect."},
    {"tls.ca_file", OptionType::path, "",
     "Whom the server's certificate has to be signed by; empty: whom the system trusts."},
    {"tls.cert_file", OptionType::path, "", "Our certificate, for servers that ask for one."},
    {"tls.key_file", OptionType::path, "", "The key of our certificate."},
    {"tls.server_name", OptionType::text, "",
     "The name in the server's certificate; empty: the host of the URL."},
    {"tls.skip_verify", OptionType::flag, "false",
     "Takes any certificate, so also that of an attacker."},
    {"client_name", OptionType::text, "basewatch",
     "What CLIENT LIST shows of our connection; empty: nothing."},
    {"config_command", OptionType::text, "CONFIG",
     "How CONFIG is called there, if it was renamed; \"-\": it is not asked."},
    {"config_metrics", OptionType::flag, "false", "Adds every setting as a metric."},
    {"redact_config_metrics", OptionType::flag, "true", "Leaves out settings that hold passwords."},
    {"latency_histograms", OptionType::flag, "true",
     "Adds redis_commands_latencies_usec and the latency spikes."},
    {"client_list", OptionType::flag, "false", "Adds a dozen series for each connected client."},
    {"client_port", OptionType::flag, "false", "Adds the port to redis_connected_client_info."},
    {"modules", OptionType::flag, "false", "Adds what loaded modules tell."},
    {"sentinel_peers", OptionType::flag, "false", "Adds redis_sentinel_peer_info."},
    {"empty_databases", OptionType::flag, "true",
     "Adds zeros for the databases that hold no keys."},
    {"rdb_file_size", OptionType::flag, "false",
     "Adds the size of the snapshot file, when it can be seen from here."},
    {"system_memory", OptionType::flag, "false", "Adds the memory of the server's machine."},
    {"ping", OptionType::flag, "false",
     "Adds how long a PING takes, for one more round trip a scrape."},
    {"tile38", OptionType::flag, "false", "Asks a Tile38 server for its own metrics."},
    {"discover.replicas", OptionType::flag, "false",
     "Watches the replicas that this primary tells of, each as an instance of its own."},
    {"discover.cluster", OptionType::flag, "false",
     "Watches the other members of the Cluster that this server is in."},
    {"discover.sentinel", OptionType::flag, "false",
     "Watches the primaries, and their replicas, that this Sentinel watches."},
    {"discover.user", OptionType::text, "", "The user at what a Sentinel watches."},
    {"discover.password", OptionType::secret, "",
     "Its password; a Sentinel's own is never sent there."},
    {"probe_allow", OptionType::texts, "",
     "Servers that GET /probe?target=redis://HOST:PORT may look at with this login: HOST or "
     "HOST:PORT, * and ? stand for anything."},
    {"collectors.keys.check", OptionType::texts, "",
     "Keys whose size, memory and value are shown; a pattern such as \"db1=session:*\", or a "
     "name."},
    {"collectors.keys.check_single", OptionType::texts, "",
     "The same for names in which * and ? are meant as they stand."},
    {"collectors.keys.count", OptionType::texts, "", "Patterns whose keys are counted."},
    {"collectors.keys.groups", OptionType::texts, "",
     "Lua patterns; what their captures hold is the group of a key, the first that matches "
     "counts."},
    {"collectors.keys.streams", OptionType::texts, "",
     "Streams shown with their groups and consumers; patterns or names."},
    {"collectors.keys.streams_single", OptionType::texts, "",
     "The same for names in which * and ? are meant as they stand."},
    {"collectors.keys.values", OptionType::flag, "true",
     "Adds redis_key_value and redis_key_value_as_string, which show what is in a checked key."},
    {"collectors.keys.consumers", OptionType::flag, "true", "Adds each consumer of a stream."},
    {"collectors.keys.most_groups", OptionType::integer, "100",
     "So many groups of each database are shown; the rest is one group, overflow."},
    {"collectors.keys.most_keys", OptionType::integer, "1000",
     "So many keys and streams that match the patterns are looked at."},
    {"collectors.keys.skip_primary", OptionType::flag, "false",
     "Leaves the keys alone while the server is a primary."},
    {"collectors.keys.batch", OptionType::integer, "1000", "Keys in one step of the walk."},
    {"collectors.keys.keys_per_second", OptionType::number, "5000",
     "The walk sees no more keys a second."},
    {"collectors.keys.server_share", OptionType::number, "0.05",
     "The walk takes no more of the server's time, measured by its answers; 1 is all of it."},
    {"collectors.scripts.files", OptionType::texts, "",
     "Lua scripts that the server runs and that return names and numbers."},
    {"collectors.scripts.read_only", OptionType::flag, "false",
     "Runs them by EVAL_RO, so that they cannot write; from Redis 7 on."},
    {"collectors.search.include", OptionType::regex, ".*",
     "Which indexes of the search module are shown."},
};

}  // namespace

std::span<const Option> option_list() {
  return kOptions;
}

Options read_options(const Settings& settings) {
  Options out;
  std::string problem;
  const auto url = clients::parse_redis_url(settings.text("url"), problem);
  if (!url) throw SettingError("url", "url " + problem);
  auto& target = out.target;
  target.url = *url;
  target.user = settings.text("user");
  target.password = [settings] { return settings.secret("password"); };
  target.tls = {settings.text("tls.ca_file"), settings.text("tls.cert_file"),
                settings.text("tls.key_file"), settings.text("tls.server_name"),
                !settings.flag("tls.skip_verify")};
  for (const std::string_view option : {"tls.ca_file", "tls.cert_file", "tls.server_name"}) {
    if (settings.given(option) && !url->tls) {
      throw SettingError(std::string(option), "TLS is only spoken to a rediss:// URL");
    }
  }
  target.client_name = settings.text("client_name");
  const auto& command = settings.text("config_command");
  out.config_command = command == "-" ? "" : command;
  out.config_metrics = settings.flag("config_metrics");
  out.redact = settings.flag("redact_config_metrics");
  out.histograms = settings.flag("latency_histograms");
  out.client_list = settings.flag("client_list");
  out.client_port = settings.flag("client_port");
  out.modules = settings.flag("modules");
  out.peers = settings.flag("sentinel_peers");
  out.empty_databases = settings.flag("empty_databases");
  out.file_size = settings.flag("rdb_file_size");
  out.system_memory = settings.flag("system_memory");
  out.ping = settings.flag("ping");
  out.tile38 = settings.flag("tile38");
  out.find_replicas = settings.flag("discover.replicas");
  out.find_cluster = settings.flag("discover.cluster");
  out.find_by_sentinel = settings.flag("discover.sentinel");
  out.discover_user = settings.text("discover.user");
  out.discover_password = [settings] { return settings.secret("discover.password"); };
  out.probe_allow = settings.texts("probe_allow");
  out.keys = read_key_options(settings);
  out.scripts = settings.texts("collectors.scripts.files");
  out.scripts_read_only = settings.flag("collectors.scripts.read_only");
  out.search_include = settings.text("collectors.search.include");
  return out;
}

}  // namespace basewatch::redis
