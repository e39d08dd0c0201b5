#include "agent/scrape/ticket.h"

#include <algorithm>
#include <utility>

#include "agent/scrape/collector_state.h"

namespace basewatch::scrape {

std::size_t Ticket::add(CollectorState& state, MonoTime until) {
  slots_.push_back({&state, until, {}, true});
  ++open_;
  return slots_.size() - 1;
}

void Ticket::answer(std::size_t slot, Report report) {
  slots_[slot].report = std::move(report);
  slots_[slot].open = false;
  if (--open_ == 0) condition_.notify_all();
}

void Ticket::wait(Core& core, std::unique_lock<std::mutex>& lock) {
  while (true) {
    const auto next = look_after(core.clock.now());
    if (open_ == 0) return;
    core.clock.wait_until(condition_, lock, next);
  }
}

// Whoever waits sees to it that the deadlines of what he waits for are kept; returns the next one.
MonoTime Ticket::look_after(MonoTime now) {
  auto next = MonoTime::max();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].open) continue;
    auto& state = *slots_[i].state;
    state.expire(now);
    if (slots_[i].open && slots_[i].until <= now) answer(i, state.give_up(*this, now));
    if (slots_[i].open) next = std::min({next, slots_[i].until, state.deadline()});
  }
  return next;
}

}  // namespace basewatch::scrape
