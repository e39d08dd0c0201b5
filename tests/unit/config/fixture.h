#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/config/config.h"

namespace basewatch::config {

// Two plugins with one option of every type; they are never run.
inline constexpr std::string_view kModes[] = {"fast", "safe"};
inline constexpr Option kNodeOptions[] = {
    {"paths.procfs", OptionType::path, "/proc", "Where procfs is."},
    {"paths.rootfs", OptionType::path, "/", "Where the host's root is."},
    {"collectors.netdev.device_include", OptionType::regex, "", "Devices."},
    {"collectors.filesystem.mount_exclude", OptionType::regex, "^/(dev|proc)($|/)", "Mounts."},
};
inline constexpr Option kPostgresOptions[] = {
    {"dsn", OptionType::text, "", "Where the server is."},
    {"password", OptionType::secret, "", "Its password."},
    {"connections", OptionType::integer, "3", "Most connections at once."},
    {"ratio", OptionType::number, "0.5", "A share."},
    {"wait", OptionType::duration, "1s", "How long."},
    {"compat_names", OptionType::flag, "false", "Old names as well."},
    {"databases", OptionType::texts, "[postgres]", "Databases."},
    {"mode", OptionType::choice, "safe", "How.", kModes},
    {"tls.key", OptionType::secret, "", "The key."},
};

inline std::unique_ptr<Exporter> never(const Settings&) {
  return nullptr;
}
inline constexpr Plugin kNode{"node", "The host.", "node", true, true, kNodeOptions, never};
inline constexpr Plugin kPostgres{"postgres", "A server.",      "postgres", false,
                                  false,      kPostgresOptions, never};
inline constexpr const Plugin* kPlugins[] = {&kNode, &kPostgres};

inline std::optional<std::string> environment(const std::string& name) {
  static const std::map<std::string, std::string> values = {
      {"PASSWORD", "hunter2"}, {"REGEX", "(hunter2"}, {"EMPTY", ""}, {"PORT", "9999"}};
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

struct Loaded {
  Diagnostics diagnostics;
  Config config;
  explicit Loaded(std::string_view text, const std::string& path = "c.yml")
      : config(load_text(text, path, kPlugins, environment, diagnostics)) {}
  const Instance& instance(std::size_t i = 0) const { return config.instances.at(i); }
};

}  // namespace basewatch::config
