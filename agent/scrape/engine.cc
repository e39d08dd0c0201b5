#include "agent/scrape/engine.h"

#include <utility>

#include "agent/base/strings.h"
#include "agent/scrape/engine_impl.h"

namespace basewatch::scrape {

namespace {

std::string text_of(const std::vector<PlanError>& errors) {
  std::vector<std::string_view> lines;
  for (const auto& error : errors) lines.emplace_back(error.what());
  return join(lines, "\n");
}

}  // namespace

PlanErrors::PlanErrors(std::vector<PlanError> errors)
    : std::runtime_error(text_of(errors)), all(std::move(errors)) {}

Engine::Engine(Clock& clock, Log& log, std::string node, Limits limits, std::string agent_job)
    : impl_(std::make_shared<Impl>(clock, log, std::move(node), limits, std::move(agent_job))) {}

Engine::~Engine() = default;

void Engine::apply(std::vector<InstancePlan> plans, const std::string& node) {
  impl_->apply(std::move(plans), node);
}

std::vector<InstanceResult> Engine::scrape(const Request& request) {
  return impl_->scrape(request);
}

std::vector<Target> Engine::targets() const {
  const auto instances = impl_->instances();
  std::vector<Target> targets;
  std::lock_guard guard(impl_->core->mutex);
  for (const auto& instance : instances) {
    targets.push_back(
        {std::string(instance->exporter_name()), instance->name(), instance->target()});
  }
  return targets;
}

std::vector<InstanceStatus> Engine::snapshot() const {
  std::vector<InstanceStatus> out;
  for (const auto& instance : impl_->instances()) {
    InstanceStatus status;
    status.exporter = instance->exporter_name();
    status.name = instance->name();
    status.notes = instance->host().notes();
    status.owner = instance;
    std::lock_guard guard(impl_->core->mutex);
    status.target = instance->target();
    status.asked = instance->asked();
    status.duplicates = instance->duplicates();
    status.capped = instance->capped();
    const auto now = impl_->core->clock.now();
    for (const auto& state : instance->states()) {
      status.collectors.push_back(state.status(now));
    }
    out.push_back(std::move(status));
  }
  return out;
}

std::function<HttpReply(const HttpRequest&)> Engine::endpoint(std::string_view path) const {
  std::vector<std::pair<std::shared_ptr<Instance>, InstanceHost::Handler>> handlers;
  for (const auto& instance : impl_->instances()) {
    if (auto handler = instance->host().find_endpoint(path)) {
      handlers.emplace_back(instance, std::move(handler));
    }
  }
  if (handlers.empty()) return nullptr;
  return [handlers = std::move(handlers)](const HttpRequest& request) {
    HttpReply reply;
    for (const auto& [instance, handler] : handlers) {
      reply = handler(request);
      if (reply.status != 404) break;
    }
    return reply;
  };
}

std::uint64_t Engine::pulse() {
  return impl_->pulse();
}

void Engine::note_own(std::string_view topic, std::string message) {
  impl_->instances().back()->host().note(topic, std::move(message));
}

void Engine::add_own(std::shared_ptr<const prometheus::Collectable> source) {
  impl_->sources->add(std::move(source));
}

}  // namespace basewatch::scrape
