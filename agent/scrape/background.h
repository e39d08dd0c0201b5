#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <thread>

#include "agent/scrape/instance.h"
#include "agent/scrape/pool.h"

namespace basewatch::scrape {

// The thread that starts background runs when they are due and minds their deadlines. There is none
// before the first instance that has background collectors.
class Background {
 public:
  // Both outlive it.
  Background(Core& core, Pool& pool) : core_(core), pool_(pool) {}
  ~Background() { stop(); }
  Background(const Background&) = delete;

  // Starts the thread if these will need it. Throws std::runtime_error when there is none to be
  // had: to be called while everything can still stay as it is.
  void prepare(const Instances& instances);
  // From now on these, which were prepared; collectors that are new run at once. Without the lock.
  void watch(const Instances& instances, const Instances& added);
  void stop();
  // Wakes the thread, and says how many turns it has made: who asks again sees more while it works.
  std::uint64_t pulse();

 private:
  void loop();
  MonoTime tick(Jobs& jobs);

  Core& core_;
  Pool& pool_;
  std::thread thread_;
  // Guarded by Core::mutex.
  std::condition_variable changed_;
  Instances instances_;  // those with background collectors
  bool news_ = false;
  bool stopping_ = false;
  bool running_ = false;
  std::uint64_t turns_ = 0;
};

}  // namespace basewatch::scrape
