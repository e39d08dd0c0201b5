#include "agent/commands/node_name.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <fstream>

#include "agent/base/strings.h"

namespace basewatch::commands {
namespace {

constexpr std::string_view kRootOption = "paths.rootfs";

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line(HOST_NAME_MAX + 1, '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  return printable(trim(line.substr(0, line.find('\n'))));
}

std::string own_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, HOST_NAME_MAX) == 0 && name[0] ? printable(name) : "localhost";
}

}  // namespace

std::string find_node_name(const config::Config& config) {
  for (const auto& instance : config.instances) {
    if (!instance.plugin->host_wide) continue;
    if (std::ranges::find(instance.plugin->options, kRootOption, &Option::name) ==
        instance.plugin->options.end()) {
      continue;
    }
    const auto& root = instance.settings.text(kRootOption);
    if (root.empty() || root == "/") continue;
    const auto name = first_line(root + "/etc/hostname");
    if (!name.empty()) return name;
  }
  return own_name();
}

bool looks_like_container_id(std::string_view name) {
  return (name.size() == 12 || name.size() == 64) && std::ranges::all_of(name, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace basewatch::commands
