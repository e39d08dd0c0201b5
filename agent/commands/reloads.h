#pragma once

#include <functional>
#include <memory>

#include "agent/base/clock.h"

namespace basewatch::commands {

// Reloads on a thread of its own, so that one that hangs (a disk that is gone) does not keep the
// next signal from being heard. Used by one thread.
class Reloads {
 public:
  explicit Reloads(std::function<void()> reload);

  // Starts one. While one is going on, one more follows it, however often it is asked for.
  void ask();

  // No more of them. False when one still hangs after `patience`: it goes on using what it was
  // given.
  bool stop(Duration patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace basewatch::commands
