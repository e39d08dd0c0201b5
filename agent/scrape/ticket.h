#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

#include "agent/scrape/core.h"
#include "agent/scrape/run.h"

namespace basewatch::scrape {

class CollectorState;

// One scrape's list of collectors, and its wait until each has reported or the time is up. Lives on
// the stack of the scrape; states point to it while they owe it a report. Everything with
// Core::mutex held.
class Ticket {
 public:
  Ticket() = default;
  Ticket(const Ticket&) = delete;

  // A place for the report of `state`, which is waited for until `until` at most.
  std::size_t add(CollectorState& state, MonoTime until);
  void answer(std::size_t slot, Report report);

  // Returns when every slot has its report; those that did not come in time say so. Afterwards no
  // state points here any more.
  void wait(Core& core, std::unique_lock<std::mutex>& lock);

  Report& report(std::size_t slot) { return slots_[slot].report; }

 private:
  struct Slot {
    CollectorState* state;
    MonoTime until;
    Report report;
    bool open = true;
  };
  MonoTime look_after(MonoTime now);

  std::vector<Slot> slots_;
  std::size_t open_ = 0;
  std::condition_variable condition_;
};

}  // namespace basewatch::scrape
