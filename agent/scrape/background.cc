#include "agent/scrape/background.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "agent/base/thread.h"
#include "agent/scrape/core.h"

namespace basewatch::scrape {

namespace {

bool has_background(const std::shared_ptr<Instance>& instance) {
  return std::ranges::any_of(instance->states(), &CollectorState::background);
}

}  // namespace

void Background::prepare(const Instances& instances) {
  if (thread_.joinable() || std::ranges::none_of(instances, has_background)) return;
  try {
    thread_ = start_thread("background", [this] { loop(); });
  } catch (const std::system_error&) {
    throw std::runtime_error(
        "the system gives no thread for background collectors: raise the limit (ulimit -u, "
        "TasksMax=, pids.max)");
  }
}

void Background::watch(const Instances& instances, const Instances& added) {
  Instances watched, before;
  std::ranges::copy_if(instances, std::back_inserter(watched), has_background);
  std::lock_guard guard(core_.mutex);
  const auto now = core_.clock.now();
  for (const auto& instance : added) {
    for (auto& state : instance->states()) state.make_due(now);
  }
  before = std::exchange(instances_, std::move(watched));
  news_ = true;
  changed_.notify_all();
}

void Background::stop() {
  {
    std::lock_guard guard(core_.mutex);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::uint64_t Background::pulse() {
  std::lock_guard guard(core_.mutex);
  if (!running_) return ++turns_;  // there is nothing that could stand still
  news_ = true;
  changed_.notify_all();
  return turns_;
}

void Background::loop() {
  std::unique_lock lock(core_.mutex);
  running_ = true;
  while (!stopping_) {
    news_ = false;
    ++turns_;
    Jobs jobs;
    const auto next = tick(jobs);
    lock.unlock();
    pool_.submit(std::move(jobs));
    core_.speak();
    lock.lock();
    if (!news_ && !stopping_) core_.clock.wait_until(changed_, lock, next);
  }
}

MonoTime Background::tick(Jobs& jobs) {
  const auto now = core_.clock.now();
  auto next = MonoTime::max();
  for (const auto& instance : instances_) {
    for (auto& state : instance->states()) {
      if (state.background()) next = std::min(next, state.tick(now, jobs));
    }
  }
  return next;
}

}  // namespace basewatch::scrape
