#include "agent/scrape/engine_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agent/base/strings.h"
#include "agent/base/thread.h"
#include "agent/scrape/guarded.h"
#include "agent/scrape/stop.h"
#include "agent/scrape/ticket.h"

namespace basewatch::scrape {
namespace {

constexpr Duration kGrace = std::chrono::seconds(1);  // for runs that are under way at the end

Instances without(const Instances& from, const Instances& these) {
  Instances rest;
  std::ranges::copy_if(from, std::back_inserter(rest), [&](const auto& instance) {
    return std::ranges::find(these, instance) == these.end();
  });
  return rest;
}

// What is wrong with a plan before anything is made of it.
std::optional<PlanError> unfit(const InstancePlan& plan,
                               std::set<std::pair<std::string, std::string>>& seen) {
  if (!plan.plugin) return PlanError(plan, "", "a plan without an exporter cannot be run");
  const auto exporter = plan.plugin->name;
  if (exporter == kAgent) {
    return PlanError(plan, "", "the agent watches itself; \"agent\" needs no configuration");
  }
  if (seen.emplace(std::string(exporter), plan.name).second) return std::nullopt;
  return PlanError(plan, "name",
                   fmt::format("there are two instances {}/{}; give each its own name", exporter,
                               printable(plan.name)));
}

}  // namespace

Engine::Impl::Impl(Clock& clock, Log& log, std::string node, const Limits& limits,
                   std::string agent_job)
    : core(std::make_shared<Core>(clock, log, limits)),
      pool_(limits.idle_threads, limits.idle_threads + 1),
      background_(*core, pool_),
      node_(std::move(node)) {
  const auto plan = agent_plan(std::move(agent_job), sources);
  auto agent = Instance::create(core, plan);
  agent->set_target(plan, node_);
  instances_ = std::make_shared<Instances>(1, std::move(agent));
  allow_threads({});
}

Engine::Impl::~Impl() {
  {
    std::lock_guard lock(core->mutex);
    stopping_ = true;
    core->found_changed.notify_all();
  }
  if (finder_.joinable()) finder_.join();
  std::lock_guard guard(apply_);
  background_.stop();
  std::size_t stuck = 0;
  {
    std::lock_guard lock(core->mutex);
    const auto now = core->clock.now();
    for (const auto& [key, runs] : core->left_behind) stuck += runs;
    for (const auto& instance : *instances_) {
      instance->retire(now);
      stuck += std::ranges::count_if(instance->states(), &CollectorState::stuck);
    }
    core->closed = true;
  }
  core->speak();
  stop_instances(*instances_);
  pool_.stop(stuck, kGrace);
  core->silence();
}

Instances Engine::Impl::instances() const {
  std::lock_guard guard(core->mutex);
  return *instances_;
}

// The instances that the plans ask for: those that run already, and new ones, which are in `added`,
// too. Throws PlanErrors with all that is wrong.
//
// Plans behind the first `configured` ones are of what was found: they are dropped where they are
// wrong or watched already, for nobody can mend them.
Instances Engine::Impl::prepare(std::vector<InstancePlan>& plans, std::size_t configured,
                                Instances& added) const {
  const auto before = instances();
  Instances next;
  std::vector<PlanError> wrong;
  std::set<std::pair<std::string, std::string>> seen, identities;
  for (std::size_t i = 0; i < plans.size();) {
    const auto& plan = plans[i];
    const auto drop = [&](std::vector<PlanError> errors) {
      if (i < configured) {
        wrong.insert(wrong.end(), errors.begin(), errors.end());
        ++i;
        return;
      }
      plans.erase(plans.begin() + static_cast<std::ptrdiff_t>(i));
    };
    const auto keep = [&](std::shared_ptr<Instance> instance, bool is_new) {
      const std::string exporter(plan.plugin->name);
      const bool known = !instance->identity().empty() &&
                         !identities.emplace(exporter, instance->identity()).second;
      if (known && i >= configured) return drop({});
      if (is_new) added.push_back(instance);
      next.push_back(std::move(instance));
      ++i;
    };
    if (auto error = unfit(plan, seen)) {
      drop({std::move(*error)});
      continue;
    }
    const auto running =
        std::ranges::find_if(before, [&](const auto& each) { return each->runs_as(plan); });
    if (running != before.end()) {
      keep(*running, false);
      continue;
    }
    try {
      keep(Instance::create(core, plan), true);
    } catch (const PlanErrors& errors) {
      drop(errors.all);
    }
  }
  if (!wrong.empty()) throw PlanErrors(std::move(wrong));
  next.push_back(before.back());  // the agent itself
  return next;
}

void Engine::Impl::apply(std::vector<InstancePlan> plans, const std::string& node) {
  std::lock_guard guard(apply_);
  apply_all(plans, node);
  std::set<std::string> finders;
  for (const auto& plan : plans) finders.insert(fmt::format("{}/{}", plan.plugin->name, plan.name));
  const bool may_find = std::ranges::any_of(
      plans, [](const InstancePlan& plan) { return plan.plugin->finds_instances; });
  configured_ = std::move(plans);
  {
    std::lock_guard lock(core->mutex);
    core->found.retain(finders);
  }
  if (may_find && !finder_.joinable()) finder_ = start_thread("finder", [this] { watch_found(); });
}

// Adds a plan for each instance that one of the plans has found.
void Engine::Impl::add_found(std::vector<InstancePlan>& plans) {
  const auto configured = plans.size();
  std::lock_guard lock(core->mutex);
  core->found.expire(core->clock.now());
  core->found.take_news();
  for (std::size_t i = 0; i < configured; ++i) {
    if (!plans[i].plugin) continue;  // prepare() says so
    const auto* found = core->found.of(fmt::format("{}/{}", plans[i].plugin->name, plans[i].name));
    if (!found) continue;
    for (const auto& [name, one] : *found) {
      auto plan = plans[i];
      plan.name += "-" + name;
      plan.settings = plans[i].settings.with(one.changes, plan.name);
      plans.push_back(std::move(plan));
    }
  }
}

// The finder's thread: makes the running set follow what is found.
void Engine::Impl::watch_found() {
  std::unique_lock lock(core->mutex);
  while (!stopping_) {
    const auto next = core->found.next_expiry();
    if (!core->found.has_news() && core->clock.now() < next) {
      core->clock.wait_until(core->found_changed, lock, next);
      continue;
    }
    lock.unlock();
    {
      std::lock_guard guard(apply_);
      // What cannot be made now, for there is no thread or memory, is tried again with the next
      // news.
      const auto before = instances();
      if (const auto failure = guarded([&] { apply_all(configured_, {}); })) {
        core->say(LogLevel::error, "found", "cannot be watched: " + *failure);
      }
      const auto after = instances();
      for (const auto& one : without(after, before)) {
        core->say(LogLevel::info, one->topic(), "found, and watched from now on");
      }
      for (const auto& one : without(before, after)) {
        core->say(LogLevel::info, one->topic(), "no longer found, and no longer watched");
      }
    }
    lock.lock();
  }
}

void Engine::Impl::apply_all(std::vector<InstancePlan> plans, const std::string& node) {
  Instances added;
  const auto before = instances();
  const auto configured = plans.size();
  add_found(plans);
  const auto next = prepare(plans, configured, added);
  background_.prepare(next);
  const auto removed = without(before, next);

  // Nothing can fail from here on.
  {
    std::lock_guard lock(core->mutex);
    if (!node.empty()) node_ = node;
    for (std::size_t i = 0; i < plans.size(); ++i) next[i]->set_target(plans[i], node_);
    const auto& agent = next.back();
    agent->set_target(agent->plan(), node_);
    instances_ = std::make_shared<const Instances>(next);
    const auto now = core->clock.now();
    for (const auto& instance : removed) instance->retire(now);
    allow_threads(removed);
  }
  core->speak();
  stop_instances(removed);
  for (const auto& instance : added) instance->start();
  background_.watch(next, added);
}

// Every collector may block a thread, also those whose last run is still to end, and some more
// threads do the rest. With Core::mutex held.
void Engine::Impl::allow_threads(const Instances& removed) {
  auto most = core->limits.idle_threads;
  for (const auto& [key, runs] : core->left_behind) most += runs;
  for (const auto* list : {instances_.get(), &removed}) {
    for (const auto& instance : *list) most += instance->states().size();
  }
  pool_.allow(most);
}

std::vector<InstanceResult> Engine::Impl::scrape(const Request& request) {
  std::vector<Gathered> gathered;
  for (auto& choice : select(instances(), request)) gathered.push_back({std::move(choice), {}});
  run(gathered, request);
  const bool filtered = !request.collect.empty() || !request.exclude.empty();
  apply_caps(gathered, *core, core->limits.max_series, request.exporter.empty() && !filtered);

  std::vector<InstanceResult> results;
  for (auto& of : gathered) results.push_back(result_of(of));
  // Last of all, so that it tells how this very scrape went.
  if (!results.empty() && results.back().exporter == kAgent && request.collect.empty()) {
    results.back().pages.push_back(own_page(own_view(results)));
  }
  core->speak();
  return results;
}

// Asks every collector and waits until each has answered, or for none its time is left.
void Engine::Impl::run(std::vector<Gathered>& gathered, const Request& request) {
  Ticket ticket;
  Jobs jobs;
  std::unique_lock lock(core->mutex);
  const auto now = core->clock.now();
  std::vector<CollectorState*> states;
  const auto wall = core->clock.wall_now();
  for (const auto& of : gathered) {
    of.choice.instance->note_asked(wall);
    auto until = request.deadline.at();
    if (const auto timeout = of.choice.instance->timeout()) until = std::min(until, now + *timeout);
    for (auto* state : of.choice.states) {
      const auto slot = ticket.add(*state, until);
      state->ask(ticket, slot, until, request.run_all_in_place, now, jobs);
    }
  }
  lock.unlock();
  pool_.submit(std::move(jobs));
  lock.lock();
  ticket.wait(*core, lock);
  std::size_t slot = 0;
  for (auto& of : gathered) {
    for (std::size_t i = 0; i < of.choice.states.size(); ++i) {
      of.reports.push_back(std::move(ticket.report(slot++)));
    }
  }
}

InstanceResult Engine::Impl::result_of(Gathered& of) {
  auto& instance = *of.choice.instance;
  InstanceResult result;
  result.exporter = instance.exporter_name();
  result.name = instance.name();
  result.owner = of.choice.instance;
  result.count_duplicates = [core = core, owner = of.choice.instance](std::size_t series) {
    std::lock_guard guard(core->mutex);
    owner->count_duplicates(series);
  };
  {
    std::lock_guard guard(core->mutex);
    result.target = instance.target();
  }
  for (auto& report : of.reports) {
    if (report.page) result.pages.push_back(std::move(report.page));
    result.collectors.push_back(std::move(report.result));
  }
  if (auto summary = instance.summary(result.collectors)) {
    result.pages.push_back(std::move(summary));
  }
  return result;
}

// What is known of every instance, with this scrape's results in place of what came before.
OwnView Engine::Impl::own_view(const std::vector<InstanceResult>& results) const {
  OwnView view;
  view.worker_threads = pool_.threads();
  std::lock_guard guard(core->mutex);
  view.owner = instances_;
  const auto now = core->clock.now();
  for (const auto& instance : *instances_) {
    auto& of = view.instances.emplace_back();
    of.exporter = instance->exporter_name();
    of.name = instance->name();
    of.target = instance->target();
    of.duplicates = instance->duplicates();
    of.capped = instance->capped();
    const auto fresh =
        std::ranges::find_if(results, [&](const auto& result) { return result.owner == instance; });
    for (const auto& state : instance->states()) {
      auto& known = of.collectors.emplace_back(state.look(now).result);
      of.failures.push_back(state.failures());
      if (state.stuck()) ++view.stuck_runs;
      if (fresh == results.end()) continue;
      const auto own =
          std::ranges::find(fresh->collectors, known.collector, &CollectorResult::collector);
      if (own != fresh->collectors.end()) known = *own;
    }
  }
  for (const auto& [key, runs] : core->left_behind) view.stuck_runs += runs;
  view.abandoned_runs = core->abandoned_total;
  return view;
}

}  // namespace basewatch::scrape
