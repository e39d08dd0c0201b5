#include "agent/scrape/pool.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/base/thread.h"

namespace basewatch::scrape {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(2);

}  // namespace

// Shared with every thread, so that one that is let go of may still end in order.
struct Pool::State : std::enable_shared_from_this<State> {
  enum class Role { take, stand_by };
  struct Worker {
    std::thread thread;
    bool in_job = false;
  };
  using Workers = std::list<Worker>;

  State(std::size_t kept, std::size_t allowed) : keep(kept), most(allowed) {}

  bool call(Role role);
  void work(Role role, Workers::iterator self);
  Role await_call(std::unique_lock<std::mutex>& lock);
  void stand_by(std::unique_lock<std::mutex>& lock);
  void take_jobs(std::unique_lock<std::mutex>& lock, Workers::iterator self);

  const std::size_t keep;
  std::size_t most;
  mutable std::mutex mutex;
  std::condition_variable called, patience, ended;
  std::deque<std::shared_ptr<Job>> queue;
  std::size_t idle = 0;           // wait to be called
  std::size_t running = 0;        // are in a job
  std::size_t taken = 0;          // jobs begun so far
  std::size_t calls_to_take = 0;  // idle threads that are called and have not woken up yet
  std::size_t calls_to_stand_by = 0;
  bool has_stand_by = false;
  bool stopping = false;
  Workers workers, finished;
  Workers abandoned;  // detached; only their flags are of use, and only to themselves
};

// Finds an idle thread, or starts one. Lock held; true when `called` is to be notified, best without
// the lock: or whoever is woken waits for it at once.
bool Pool::State::call(Role role) {
  if (idle > calls_to_take + calls_to_stand_by) {
    ++(role == Role::take ? calls_to_take : calls_to_stand_by);
    return true;
  }
  if (workers.size() >= most) {  // one of those who are not blocked takes the job when it is free
    if (role == Role::stand_by) has_stand_by = false;
    return false;
  }
  const auto self = workers.emplace(workers.end());
  try {
    // Our lock is held until the handle is in its place, and work() begins by taking it.
    self->thread = start_thread(
        "collect", [state = shared_from_this(), role, self] { state->work(role, self); });
  } catch (const std::system_error&) {
    // The system has no more threads: the jobs wait for those there are, until their deadline.
    workers.erase(self);
    if (role == Role::stand_by) has_stand_by = false;
  }
  return false;
}

void Pool::State::work(Role role, Workers::iterator self) {
  std::unique_lock lock(mutex);
  while (true) {
    if (role == Role::stand_by) stand_by(lock);
    take_jobs(lock, self);
    if (stopping || idle >= keep) break;
    role = await_call(lock);
    if (stopping) break;
  }
  if (!stopping) finished.splice(finished.end(), workers, self);
  ended.notify_all();
}

Pool::State::Role Pool::State::await_call(std::unique_lock<std::mutex>& lock) {
  ++idle;
  called.wait(lock, [&] { return stopping || calls_to_take + calls_to_stand_by > 0; });
  --idle;
  if (calls_to_take > 0) {
    --calls_to_take;
    return Role::take;
  }
  if (calls_to_stand_by > 0) --calls_to_stand_by;
  return Role::stand_by;
}

// Returns when nothing waits any more, or something has waited too long.
void Pool::State::stand_by(std::unique_lock<std::mutex>& lock) {
  while (!queue.empty() && !stopping) {
    const auto before = taken;
    patience.wait_for(lock, kPatience, [&] { return stopping; });
    if (taken == before) break;
  }
  has_stand_by = false;
}

void Pool::State::take_jobs(std::unique_lock<std::mutex>& lock, Workers::iterator self) {
  while (!queue.empty() && !stopping) {
    auto job = std::move(queue.front());
    queue.pop_front();
    ++taken;
    ++running;
    self->in_job = true;
    bool notify = false;
    if (!queue.empty() && !has_stand_by) {
      has_stand_by = true;
      notify = call(Role::stand_by);
    }
    lock.unlock();
    if (notify) called.notify_one();
    job->run();
    job.reset();
    lock.lock();
    --running;
    self->in_job = false;
    if (stopping) ended.notify_all();
  }
}

Pool::Pool(std::size_t keep, std::size_t most) : state_(std::make_shared<State>(keep, most)) {}

Pool::~Pool() {
  stop(0, Duration::zero());
}

void Pool::submit(std::vector<std::shared_ptr<Job>> jobs) {
  if (jobs.empty()) return;
  State::Workers finished;
  bool notify = false;
  {
    std::lock_guard guard(state_->mutex);
    if (state_->stopping) return;
    for (auto& job : jobs) state_->queue.push_back(std::move(job));
    notify = state_->call(State::Role::take);
    finished.swap(state_->finished);
  }
  if (notify) state_->called.notify_one();
  for (auto& worker : finished) worker.thread.join();  // they have left their last lock
}

void Pool::stop(std::size_t stuck, Duration grace) {
  std::deque<std::shared_ptr<Job>> dropped;
  State::Workers leaving;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  dropped.swap(state_->queue);
  state_->called.notify_all();
  state_->patience.notify_all();
  state_->ended.wait_for(lock, grace, [&] { return state_->running <= stuck; });
  leaving.splice(leaving.end(), state_->finished);
  for (auto worker = state_->workers.begin(); worker != state_->workers.end();) {
    auto& to = worker->in_job ? state_->abandoned : leaving;
    if (worker->in_job) worker->thread.detach();
    const auto next = std::next(worker);
    to.splice(to.end(), state_->workers, worker);
    worker = next;
  }
  lock.unlock();
  for (auto& worker : leaving) worker.thread.join();
}

void Pool::allow(std::size_t most) {
  std::lock_guard guard(state_->mutex);
  state_->most = most;
}

std::size_t Pool::threads() const {
  std::lock_guard guard(state_->mutex);
  return state_->workers.size();
}

}  // namespace basewatch::scrape
