#pragma once

#include <string>

#include "agent/clients/redis/connection.h"
#include "agent/plugin/settings.h"

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
};

// Throws SettingError.
Options read_options(const Settings& settings);

std::span<const Option> option_list();

}  // namespace basewatch::redis
