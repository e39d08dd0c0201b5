#include "agent/modules/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "agent/base/strings.h"

namespace basewatch::modules {
namespace {

std::mutex mutex;

std::map<const Module*, unsigned>& failures() {
  static auto& counts = *new std::map<const Module*, unsigned>;
  return counts;
}

// Stands where an exporter should be, and says at every run why it is not there.
class Missing final : public Exporter {
 public:
  Missing(std::string reason, std::vector<std::string> configured) : names_(std::move(configured)) {
    names_.emplace_back("create");
    std::ranges::sort(names_);
    names_.erase(std::ranges::unique(names_).begin(), names_.end());
    for (const auto& name : names_) {
      collectors_.push_back({.name = name,
                             .lane = "create",
                             .on_by_default = true,
                             .schedule = on_scrape,
                             .run = [reason](Page&, const Deadline&) -> Outcome {
                               throw std::runtime_error(reason);
                             }});
    }
  }
  std::span<const Collector> collectors() override { return collectors_; }

 private:
  std::vector<std::string> names_;
  std::vector<Collector> collectors_;
};

bool is_collector_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

// Throws where the collectors could not be run.
void check_collectors(Exporter& exporter) {
  std::set<std::string_view> seen;
  for (const auto& collector : exporter.collectors()) {
    if (!is_collector_name(collector.name)) {
      throw std::runtime_error(
          fmt::format("it has a collector called '{}', which is no name: a-z, "
                      "0-9, '_' and '.'",
                      printable(collector.name)));
    }
    if (!seen.insert(collector.name).second) {
      throw std::runtime_error(fmt::format("it has two collectors '{}'", collector.name));
    }
    if (!collector.run) {
      throw std::runtime_error(fmt::format("its collector '{}' has no run", collector.name));
    }
  }
}

}  // namespace

std::function<std::unique_ptr<Exporter>(const Settings&)> guarded_create(
    const Module& module, std::vector<std::string> configured) {
  return [&module, configured = std::move(configured)](const Settings& settings) {
    std::string reason;
    try {
      auto exporter = module.plugin->create(settings);
      if (exporter) {
        check_collectors(*exporter);
        return exporter;
      }
      reason = "its create() returned nothing";
    } catch (const SettingError&) {
      throw;  // the user's to mend, at its place in the configuration
    } catch (const std::exception& error) {
      reason = printable(error.what(), 300);
    } catch (...) {
      reason = "its create() threw something that is no std::exception";
    }
    {
      std::lock_guard guard(mutex);
      ++failures()[&module];
    }
    return std::unique_ptr<Exporter>(std::make_unique<Missing>(
        fmt::format("the module {} cannot make this exporter: {}", printable(module.file), reason),
        configured));
  };
}

unsigned failed_creates(const Module& module) {
  std::lock_guard guard(mutex);
  const auto found = failures().find(&module);
  return found == failures().end() ? 0 : found->second;
}

}  // namespace basewatch::modules
