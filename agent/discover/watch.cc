#include "agent/discover/watch.h"

#include <mutex>
#include <system_error>
#include <utility>

#include "agent/base/thread.h"

namespace basewatch::discover {

struct Watch::State {
  State(Clock& at, Source from, std::function<void(const Look&)> tell, Duration often)
      : clock(at), source(std::move(from)), told(std::move(tell)), every(often) {}
  void work();

  Clock& clock;
  const Source source;
  std::function<void(const Look&)> told;  // empty once it was
  const Duration every;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::shared_ptr<const Look> last;
};

void Watch::State::work() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    lock.unlock();
    auto look = std::make_shared<Look>();
    try {
      look->view = source();
    } catch (const std::exception&) {
      look = nullptr;  // no memory, say: what was seen before stands, the next look may do better
    }
    lock.lock();
    if (stopping) return;
    if (look) {
      look->when = clock.wall_now();
      last = std::move(look);
      if (const auto tell = std::exchange(told, nullptr)) tell(*last);
    }
    changed.notify_all();
    const auto next = clock.now() + every;
    while (!stopping && clock.now() < next) clock.wait_until(changed, lock, next);
  }
}

Watch::Watch(Clock& clock, Source source, std::function<void(const Look&)> told, Duration every)
    : state_(std::make_shared<State>(clock, std::move(source), std::move(told), every)) {
  try {
    start_thread("discover", [state = state_] { state->work(); }).detach();
  } catch (const std::system_error&) {
    // The system has no threads to give; to go without the list is better than not to start.
  }
}

Watch::~Watch() {
  std::lock_guard guard(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

std::shared_ptr<const Look> Watch::last() const {
  std::lock_guard guard(state_->mutex);
  return state_->last;
}

}  // namespace basewatch::discover
