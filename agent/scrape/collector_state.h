#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/scrape/engine.h"
#include "agent/scrape/history.h"
#include "agent/scrape/lane.h"
#include "agent/scrape/run.h"

namespace basewatch::scrape {

class Core;
class Instance;
class Ticket;

// One collector of an instance between its runs, and who waits for it. It is idle, queued or
// running, and never has a second run. A run past its deadline is stuck: nobody waits for it any
// longer, its page will be dropped, and nothing is started until it ends.
//
// Owned by its instance. All members with Core::mutex held unless they say otherwise.
class CollectorState {
 public:
  // `every` zero: runs on the scrape.
  CollectorState(Instance& instance, Lane& lane, const Collector& collector, Duration every);

  // --- for a scrape
  // Answers the slot at once where that is possible, else lets it wait for a run, which is joined
  // or queued. With `in_place` a background collector runs like any other.
  void ask(Ticket& ticket, std::size_t slot, MonoTime until, bool in_place, MonoTime now,
           Jobs& jobs);
  // What is known now; starts nothing.
  Report look(MonoTime now) const;
  // The same and what came before, for the status page.
  CollectorStatus status(MonoTime now) const;
  // The ticket no longer waits: what to tell it.
  Report give_up(Ticket& ticket, MonoTime now);

  // --- for whoever minds the time
  // Drops a queued run, or declares a running one stuck, once its deadline has passed.
  void expire(MonoTime now);
  // Background only: starts a run when it is due, and returns the next moment to look again.
  MonoTime tick(MonoTime now, Jobs& jobs);
  void make_due(MonoTime when) { due_ = when; }
  // Of the run that is queued or running and not stuck; else the end of time.
  MonoTime deadline() const;

  // --- for the lane
  Deadline begin();
  // Takes over how the run ended, and hands back what is to be thrown away without the lock.
  void finish(RunEnd& end);
  bool queued() const { return phase_ == Phase::queued; }
  bool awaited() const { return awaited_; }

  // --- for the instance
  // The instance is being removed: drops a queued run; one that is stuck is left behind.
  void retire(MonoTime now);

  bool stuck() const { return phase_ == Phase::running && stuck_; }
  bool background() const { return every_ > Duration::zero(); }
  WallTime started_wall() const { return started_wall_; }
  std::uint64_t failures() const { return history_.failures(); }

  // --- constant, without the lock
  const Collector& collector() const { return collector_; }
  PageLimits page_limits() const;
  std::shared_ptr<const Page> last_page() const { return last_ ? last_->page : nullptr; }

 private:
  enum class Phase { idle, queued, running };

  bool reusable(MonoTime now) const;
  std::optional<std::string> refusal() const;
  void enqueue(MonoTime deadline, bool awaited, Jobs& jobs);
  void fail(std::string reason, MonoTime now);
  void answer_all(MonoTime now);
  std::string why_queued() const;
  void note_health(RunState state, const std::string& reason, bool of_instance = false);
  void note_duplicates(const Page& page);
  void leave_behind();
  std::string key() const;

  Instance& instance_;
  Core& core_;
  Lane& lane_;
  const Collector& collector_;
  const Duration every_;

  Phase phase_ = Phase::idle;
  bool stuck_ = false;
  bool awaited_ = false;      // a scrape wants the run that is queued or running
  bool left_behind_ = false;  // counted in Core::left_behind
  MonoTime deadline_{};       // of the run that is queued or running
  MonoTime due_{};            // of the next background run
  MonoTime started_{};
  WallTime started_wall_{};
  std::vector<std::pair<Ticket*, std::size_t>> waiters_;

  std::optional<RunEnd> last_;  // however it ended
  std::optional<RunEnd> good_;  // background only: the last that was done
  bool failing_ = false;        // as the log has it
  bool quiet_ = false;          // failing, and the instance has told why
  WallTime failing_since_{};
  std::optional<WallTime> ended_wall_, worked_wall_;  // the last run, and the last good one
  History history_;
  std::set<std::string> logged_duplicates_;
};

}  // namespace basewatch::scrape
