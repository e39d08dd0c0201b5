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
    {"redact_config_metrics", OptionType::flag, "true",
     "Leaves out settings that hold passwords."},
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
  return out;
}

}  // namespace basewatch::redis
