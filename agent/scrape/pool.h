#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch::scrape {

// Threads that run jobs which may block for any time, also for ever, without holding up each other.
//
// A handful of quick jobs is done by one thread, because waking more costs more than it gains.
// While jobs wait, a second thread stands by; when nobody took a job for two milliseconds it lends
// a hand, and the next one stands by. So blocked jobs hold a thread each and nothing else, and as
// many jobs run at once as there is need for. The number of threads is bounded by the number of
// jobs that the caller submits at once, and `keep`; those above `keep` end with their job.
//
// Patience is measured in real time, not by a Clock: it is about threads, not about scrapes.
// Callable from any thread.
class Pool {
 public:
  class Job {
   public:
    virtual ~Job() = default;
    // On a thread of the pool, no lock held. The job is kept alive until it returns.
    virtual void run() noexcept = 0;
  };

  // At most `most` threads at any time: when all but `keep` of them may block, jobs still get done.
  Pool(std::size_t keep, std::size_t most);
  ~Pool();
  Pool(const Pool&) = delete;

  // Jobs are begun in this order. After stop() they are dropped.
  void submit(std::vector<std::shared_ptr<Job>> jobs);

  // Drops jobs that have not begun, waits up to `grace` (real time) until no more than `stuck` run,
  // joins the threads that have ended and lets go of the others: those own what they touch.
  void stop(std::size_t stuck, Duration grace);

  void allow(std::size_t most);
  std::size_t threads() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace basewatch::scrape
