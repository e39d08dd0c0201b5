#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/plugin/exporter.h"
#include "exporters/node/host_link.h"
#include "exporters/node/read/mount_prober.h"
#include "exporters/node/read/shared_file.h"

// What a collector of the node exporter is made of. docs/adding-a-collector.md walks through one.
namespace basewatch::node {

// The collectors that share /proc/stat.
inline constexpr unsigned kCpuReader = 1, kStatReader = 2;

// What a collector is created from. The settings live only during creation; everything shared with
// other collectors is here, so that no file is read twice in a scrape.
struct Setup {
  const Settings& settings;
  std::shared_ptr<HostLink> host;
  std::shared_ptr<SharedFile> stat;  // /proc/stat, read as kCpuReader or kStatReader
  std::shared_ptr<MountProber> mounts;

  std::string proc(std::string_view name) const;  // "stat" -> "/proc/stat"
  std::string sys(std::string_view name) const;
  std::string root(std::string_view name) const;  // "etc/os-release" -> "/etc/os-release"
  bool is_on(std::string_view collector) const;   // in this configuration
};

// Reads one part of the system. Created without touching it; run() is never called twice at once,
// but may outlive the exporter when it hangs, so it owns or shares everything it uses.
class NodeCollector {
 public:
  virtual ~NodeCollector() = default;
  virtual Outcome run(Page& page, const Deadline& deadline) = 0;
};

// Collectors that only read procfs and sysfs answer in microseconds: one after the other in one
// lane costs less than a thread each. What may wait for anything has a lane of its own.
inline constexpr std::string_view kProcLane = "proc";
inline constexpr std::string_view kOwnLane = "";

// Describes a collector: the constant that its file ends with.
struct CollectorKind {
  std::string_view name;  // as node_exporter calls it
  std::string_view lane;
  bool on_by_default;
  std::span<const Option> options;
  std::shared_ptr<NodeCollector> (*create)(const Setup&);  // throws SettingError
};

template <typename C>
std::shared_ptr<NodeCollector> create(const Setup& setup) {
  return std::make_shared<C>(setup);
}

// loadavg_collector and so on; each is defined in collectors/<name>.cc.
#define COLLECTOR(name) extern const CollectorKind name##_collector;
#include "exporters/node/collectors.def"
#undef COLLECTOR

}  // namespace basewatch::node
