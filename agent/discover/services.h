#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace basewatch::discover {

// A setting of the exporter and how it is written: {host}, {port} and {path} are filled in.
struct Line {
  std::string_view option, value;
};

// A kind of system that is worth watching, and by what it is known. It was seen when a process of
// one of the names runs (with `only_on_port`: and listens on one of the ports), or when one of the
// paths exists.
struct Service {
  std::string_view key, title;
  std::span<const std::string_view> processes;  // names as the kernel cuts them, 15 bytes
  std::span<const std::uint16_t> ports;         // the usual ones; the first is the default
  bool only_on_port = false;
  std::span<const std::string_view> paths;
  std::string_view exporter;    // the plugin that watches it
  std::span<const Line> lines;  // how the plugin is told about it
  bool is_exporter = false;     // somebody else's, whose place our plugin takes
};

std::span<const Service> services();

}  // namespace basewatch::discover
