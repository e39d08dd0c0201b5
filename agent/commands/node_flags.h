#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/exporter.h"

// A command line of node_exporter as a configuration of basewatch. Pure functions, any thread.
namespace basewatch::commands {

// How node_exporter reads a flag.
enum class FlagKind : std::uint8_t {
  flag,    // --name or --no-name
  value,   // --name=value or --name value
  values,  // the same, as often as one likes
  file,    // value, a path
  files,   // values, paths
};

// A flag of node_exporter 1.5.0 or 1.11.1 that is not the switch of a collector.
struct NodeFlag {
  std::string_view name;  // without the dashes
  FlagKind kind;
  std::string_view option;  // of our node exporter; empty: `note` says why there is none
  std::string_view note;
};
std::span<const NodeFlag> node_flags();
// The collectors of node_exporter on Linux.
std::span<const std::string_view> node_collectors();

struct NodeConfiguration {
  std::string yaml;                 // complete; empty when there are errors
  std::vector<std::string> errors;  // what node_exporter would have refused, too
  std::vector<std::string> notes;   // what was not taken over, as in the yaml's comments
};

// `arguments` may begin with the program itself, as in a unit file's ExecStart. Relative paths
// are taken from `folder`. `plugin` is the node exporter.
NodeConfiguration translate_node_flags(std::span<const std::string> arguments,
                                       const std::string& folder, const Plugin& plugin);

}  // namespace basewatch::commands
