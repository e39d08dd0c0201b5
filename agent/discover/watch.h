#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "agent/base/clock.h"
#include "agent/discover/discover.h"

namespace basewatch::discover {

// The last look at the host, and when it was.
struct Look {
  HostView view;
  WallTime when{};
};

// Looks at the host every few minutes on a thread of its own, the first time at once. A look that
// hangs costs only itself: last() goes on to answer what was seen before, and the destructor lets
// go of it. Without a thread to be had there is no look. The clock outlives also a look that hangs.
class Watch {
 public:
  using Source = std::function<HostView()>;  // look() of the real host, but for tests
  // `told` hears of the first look, on the thread that looked and with the lock held: not
  // after the destructor. It must not call back.
  Watch(Clock& clock, Source source, std::function<void(const Look&)> told = {},
        Duration every = std::chrono::minutes(5));
  ~Watch();
  Watch(const Watch&) = delete;

  // Never waits for a look; empty before the first one has ended.
  std::shared_ptr<const Look> last() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace basewatch::discover
