#include "exporters/node/node.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr const CollectorKind* kCollectors[] = {
#define COLLECTOR(name) &name##_collector,
#include "exporters/node/collectors.def"
#undef COLLECTOR
};

constexpr Option kPaths[] = {
    {"paths.procfs", OptionType::path, "/proc", "Where procfs is mounted."},
    {"paths.sysfs", OptionType::path, "/sys", "Where sysfs is mounted."},
    {"paths.rootfs", OptionType::path, "/",
     "Where the root of the host is, seen from a container."},
    {"paths.udev_data", OptionType::path, "/run/udev/data", "Where udev keeps what it knows."},
};

class NodeExporter final : public Exporter {
 public:
  explicit NodeExporter(const Settings& settings) {
    const Setup setup{settings, host_,
                      std::make_shared<SharedFile>(settings.text("paths.procfs") + "/stat"),
                      MountProber::shared()};
    for (const auto* kind : kCollectors) {
      collectors_.push_back(
          {kind->name, kind->lane, kind->on_by_default, on_scrape,
           [collector = kind->create(setup)](Page& page, const Deadline& deadline) {
             return collector->run(page, deadline);
           }});
    }
  }

  std::span<const Collector> collectors() override { return collectors_; }

  void summarize(Page& page, std::span<const CollectorResult> results) override {
    for (const auto& result : results) {
      if (result.state == RunState::pending) continue;
      const double success = result.state == RunState::done ? 1 : 0;
      page.add(metrics::node::scrape_collector_success, success, result.collector);
    }
    for (const auto& result : results) {
      if (result.state == RunState::pending) continue;
      page.add(metrics::node::scrape_collector_duration_seconds, seconds(result.duration),
               result.collector);
    }
  }

  void start(Host& host) override { host_->connect(&host); }
  void stop() noexcept override { host_->connect(nullptr); }

 private:
  std::shared_ptr<HostLink> host_ = std::make_shared<HostLink>();
  std::vector<Collector> collectors_;
};

// The options of the exporter and of all its collectors. The collectors' constants need no code to
// be initialised, so it does not matter that this runs before main.
std::span<const Option> all_options() {
  static const auto options = [] {
    std::vector<Option> all(std::begin(kPaths), std::end(kPaths));
    for (const auto* kind : kCollectors) {
      all.insert(all.end(), kind->options.begin(), kind->options.end());
    }
    return all;
  }();
  return options;
}

}  // namespace

std::string Setup::proc(std::string_view name) const {
  return std::filesystem::path(settings.text("paths.procfs")) / name;
}

std::string Setup::sys(std::string_view name) const {
  return std::filesystem::path(settings.text("paths.sysfs")) / name;
}

std::string Setup::root(std::string_view name) const {
  return std::filesystem::path(settings.text("paths.rootfs")) / name;
}

bool Setup::is_on(std::string_view collector) const {
  const auto* const* kind = std::ranges::find(kCollectors, collector, &CollectorKind::name);
  return settings.runs(collector, kind == std::end(kCollectors) || (*kind)->on_by_default);
}

const Plugin plugin{
    .name = "node",
    .summary = "The host: processors, memory, file systems, network devices.",
    .default_job = "node",
    .host_wide = true,
    .single = true,
    .options = all_options(),
    .create = [](const Settings& settings) -> std::unique_ptr<Exporter> {
      return std::make_unique<NodeExporter>(settings);
    },
};

}  // namespace basewatch::node
