#include "agent/scrape/lane.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "agent/scrape/collector_state.h"
#include "agent/scrape/core.h"

namespace basewatch::scrape {

bool Lane::push(CollectorState& state) {
  auto place = queue_.end();
  if (state.awaited()) {
    place = std::ranges::find_if(queue_, [](const auto* other) { return !other->awaited(); });
  }
  queue_.insert(place, &state);
  return !std::exchange(submitted_, true);
}

void Lane::remove(CollectorState& state) {
  std::erase(queue_, &state);
}

// The next run whose deadline has not passed.
CollectorState* Lane::next() {
  while (!core_.closed && !queue_.empty()) {
    auto* state = queue_.front();
    state->expire(core_.clock.now());
    if (!state->queued()) continue;  // it has been removed
    queue_.pop_front();
    return state;
  }
  return nullptr;
}

void Lane::run() noexcept {
  std::unique_lock lock(core_.mutex);
  while ((holder_ = next())) {
    auto& state = *holder_;
    const auto deadline = state.begin();
    auto before = state.last_page();
    lock.unlock();
    auto end = run_collector(state.collector(), state.page_limits(), deadline, before.get());
    before = nullptr;
    lock.lock();
    holder_ = nullptr;
    // An engine that is closed has left us behind; clock and log may be gone with it.
    const bool closed = core_.closed;
    if (!closed) state.finish(end);
    lock.unlock();
    end = {};  // the page before, which may be large
    if (closed) return;
    core_.speak();
    lock.lock();
  }
  submitted_ = false;
}

}  // namespace basewatch::scrape
