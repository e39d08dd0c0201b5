#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/scrape/agent_exporter.h"
#include "agent/scrape/background.h"
#include "agent/scrape/caps.h"
#include "agent/scrape/core.h"
#include "agent/scrape/engine.h"
#include "agent/scrape/instance.h"
#include "agent/scrape/own_page.h"
#include "agent/scrape/pool.h"

namespace basewatch::scrape {

class Engine::Impl {
 public:
  Impl(Clock& clock, Log& log, std::string node, const Limits& limits, std::string agent_job);
  ~Impl();

  void apply(std::vector<InstancePlan> plans, const std::string& node);
  std::vector<InstanceResult> scrape(const Request& request);
  Instances instances() const;
  std::uint64_t pulse() { return background_.pulse(); }

  const std::shared_ptr<Core> core;
  const std::shared_ptr<OwnSources> sources = std::make_shared<OwnSources>();

 private:
  void apply_all(std::vector<InstancePlan> plans, const std::string& node);
  Instances prepare(std::vector<InstancePlan>& plans, std::size_t configured,
                    Instances& added) const;
  void add_found(std::vector<InstancePlan>& plans);
  void watch_found();
  void allow_threads(const Instances& removed);
  void run(std::vector<Gathered>& gathered, const Request& request);
  InstanceResult result_of(Gathered& gathered);
  OwnView own_view(const std::vector<InstanceResult>& results) const;

  Pool pool_;
  Background background_;
  std::mutex apply_;                      // one apply() at a time; taken before Core::mutex
  std::vector<InstancePlan> configured_;  // without what was found; guarded by apply_
  std::thread finder_;  // makes instances of what is found; none before the first exporter that may
  bool stopping_ = false;  // guarded by Core::mutex
  // Guarded by Core::mutex.
  std::string node_;
  std::shared_ptr<const Instances> instances_;  // the agent's own last
};

}  // namespace basewatch::scrape
