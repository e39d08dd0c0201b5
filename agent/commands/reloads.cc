#include "agent/commands/reloads.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "agent/base/thread.h"

namespace basewatch::commands {

struct Reloads::State {
  explicit State(std::function<void()> given) : reload(std::move(given)) {}

  void work() {
    std::unique_lock lock(mutex);
    while (asked) {
      asked = false;
      lock.unlock();
      reload();
      lock.lock();
    }
    running = false;
    ended.notify_all();
  }

  const std::function<void()> reload;
  std::mutex mutex;
  std::condition_variable ended;
  bool asked = false, running = false;
};

Reloads::Reloads(std::function<void()> reload)
    : state_(std::make_shared<State>(std::move(reload))) {}

void Reloads::ask() {
  std::lock_guard guard(state_->mutex);
  state_->asked = true;
  if (state_->running) return;
  try {
    start_thread("reload", [state = state_] { state->work(); }).detach();
    state_->running = true;
  } catch (const std::system_error&) {
    state_->asked = false;  // no thread is left; the next signal may find one
  }
}

bool Reloads::stop(Duration patience) {
  std::unique_lock lock(state_->mutex);
  state_->asked = false;
  return state_->ended.wait_for(lock, patience, [&] { return !state_->running; });
}

}  // namespace basewatch::commands
