#include "agent/scrape/agent_exporter.h"

#include <array>
#include <utility>

#include "agent/scrape/collectable.h"
#include "agent/scrape/process.h"

namespace basewatch::scrape {
namespace {

class AgentExporter final : public Exporter {
 public:
  explicit AgentExporter(std::shared_ptr<const OwnSources> sources)
      : collectors_{
            collector("process",
                      [](Page& page, const Deadline&) {
                        add_process(page);
                        return done();
                      }),
            collector("counters", [sources = std::move(sources)](Page& page, const Deadline&) {
              for (const auto& source : sources->all()) add_collectable(page, *source);
              return done();
            })} {}

  std::span<const Collector> collectors() override { return collectors_; }

 private:
  static Collector collector(std::string_view name,
                             std::function<Outcome(Page&, const Deadline&)> run) {
    return {.name = name,
            .lane = kAgent,
            .on_by_default = true,
            .schedule = on_scrape,
            .run = std::move(run)};
  }
  const std::array<Collector, 2> collectors_;
};

// Made by agent_plan() only: it needs the sources.
constexpr Plugin kPlugin = {.name = kAgent,
                            .summary = "The agent itself.",
                            .default_job = "basewatch",
                            .host_wide = true,
                            .single = true,
                            .options = {},
                            .create = nullptr};

}  // namespace

void OwnSources::add(std::shared_ptr<const prometheus::Collectable> source) {
  std::lock_guard guard(mutex_);
  sources_.push_back(std::move(source));
}

std::vector<std::shared_ptr<const prometheus::Collectable>> OwnSources::all() const {
  std::lock_guard guard(mutex_);
  return sources_;
}

InstancePlan agent_plan(std::string job, std::shared_ptr<const OwnSources> sources) {
  InstancePlan plan;
  plan.plugin = &kPlugin;
  plan.name = "main";
  plan.job = std::move(job);
  plan.settings = Settings::make({});
  plan.create = [sources = std::move(sources)](const Settings&) {
    return std::make_unique<AgentExporter>(sources);
  };
  return plan;
}

}  // namespace basewatch::scrape
