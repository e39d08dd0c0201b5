#pragma once

#include <string>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/settings.h"
#include "exporters/redis/keys/options.h"

namespace basewatch::redis {

// The settings of an instance, read once.
struct Options {
  clients::RedisTarget target;
  std::string config_command;  // empty: CONFIG is not asked
  bool config_metrics = false, redact = true;
  bool histograms = true;
  bool client_list = false, client_port = false;
  bool modules = false;
  bool peers = false;
  bool empty_databases = true;
  bool file_size = false;
  bool system_memory = false;
  bool ping = false;
  bool tile38 = false;
  bool find_replicas = false, find_cluster = false, find_by_sentinel = false;
  std::string discover_user;  // of what a Sentinel watches
  std::function<std::string()> discover_password;
  std::vector<std::string> probe_allow;  // patterns of hosts
  KeyOptions keys;
  std::vector<std::string> scripts;  // files
  bool scripts_read_only = false;
  std::string search_include;
};

// Throws SettingError.
Options read_options(const Settings& settings);

std::span<const Option> option_list();

}  // namespace basewatch::redis
