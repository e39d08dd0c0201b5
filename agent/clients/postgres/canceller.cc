#include "agent/clients/postgres/canceller.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "agent/base/thread.h"

namespace basewatch::clients {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2s;
constexpr std::size_t kMostWaiting = 64;

}  // namespace

struct Canceller::State {
  struct Request {
    std::function<void()> cancel;
    std::chrono::steady_clock::time_point asked;
  };

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      if (requests.empty()) {
        changed.wait(lock);
        continue;
      }
      auto request = std::move(requests.front());
      requests.pop_front();
      lock.unlock();
      if (std::chrono::steady_clock::now() - request.asked < kPatience) request.cancel();
      request = {};
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Request> requests;
  bool started = false;
};

std::shared_ptr<Canceller> Canceller::shared() {
  static const auto canceller = std::make_shared<Canceller>();
  return canceller;
}

Canceller::Canceller() : state_(std::make_shared<State>()) {}

void Canceller::submit(std::function<void()> cancel) {
  std::lock_guard guard(state_->mutex);
  if (state_->requests.size() >= kMostWaiting) return;
  if (!state_->started) {
    start_thread("pg-cancel", [state = state_] { state->run(); }).detach();
    state_->started = true;
  }
  state_->requests.push_back({std::move(cancel), std::chrono::steady_clock::now()});
  state_->changed.notify_one();
}

}  // namespace basewatch::clients
