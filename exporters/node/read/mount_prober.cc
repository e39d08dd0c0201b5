#include "exporters/node/read/mount_prober.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>

#include "agent/base/thread.h"

namespace basewatch::node {
namespace {

// How long the list may stand still before another helper goes on with the rest. A healthy statfs
// takes microseconds, that of a busy network file system some milliseconds.
constexpr Duration kStall = std::chrono::milliseconds(100);

}  // namespace

// What callers and helpers share. A helper is in a call (of which there are at most kMaxRemote +
// kMaxLocal), or takes the next target, or is the one that waits for work: that bounds the threads.
class MountProber::Crew : public std::enable_shared_from_this<Crew> {
 public:
  Crew(Clock& clock, Statfs statfs) : clock_(clock), statfs_(std::move(statfs)) {}

  std::vector<Answer> ask(const std::vector<Target>& targets, MonoTime until, Duration timeout);
  void close();
  std::size_t helpers() const;
  std::size_t calls() const;

 private:
  // One ask(). A helper that comes back after its caller has left still finds it, and sees `over`.
  struct Walk {
    std::vector<Target> targets;
    std::vector<Answer> answers;
    std::vector<std::optional<MonoTime>> asked_at;
    std::deque<std::size_t> queue;  // still to be asked
    std::size_t open = 0;           // without an answer, asked or not
    MonoTime progress_at;           // the last answer, or the last helper that came
    bool has_stalled = false;       // from then on the caller is told of every answer
    bool over = false;
    std::condition_variable answered;

    void answer(std::size_t i, Answer the_answer, MonoTime now) {
      answers[i] = the_answer;
      progress_at = now;
      if (--open == 0 || has_stalled) answered.notify_all();
    }
  };
  struct Call {
    MonoTime since;
    bool is_remote;
  };

  void add_helper();
  void work();
  void take_next(std::unique_lock<std::mutex>& lock);
  bool is_full(bool is_remote) const;
  static MonoTime wake_at(const Walk& walk, MonoTime now, Duration timeout);

  Clock& clock_;
  const Statfs statfs_;

  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable work_;
  std::deque<std::shared_ptr<Walk>> walks_;  // those with something in the queue
  std::map<std::string, Call> calls_;        // under way, by path: single flight per mount
  std::size_t helpers_ = 0;
  bool has_idle_ = false;
  bool closed_ = false;
};

std::vector<MountProber::Answer> MountProber::Crew::ask(const std::vector<Target>& targets,
                                                        MonoTime until, Duration timeout) {
  auto walk = std::make_shared<Walk>();
  walk->targets = targets;
  walk->answers.resize(targets.size());
  walk->asked_at.resize(targets.size());
  for (const bool remote : {false, true}) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i].is_remote == remote) walk->queue.push_back(i);
    }
  }
  walk->open = targets.size();
  if (targets.empty()) return {};

  std::unique_lock lock(mutex_);
  walks_.push_back(walk);
  add_helper();
  auto now = walk->progress_at = clock_.now();
  while (walk->open > 0 && now < until) {
    auto wake = wake_at(*walk, now, timeout);
    if (walk->queue.empty() && wake == MonoTime::max()) break;  // every call is overdue
    if (!walk->queue.empty()) wake = std::min(wake, walk->progress_at + kStall);
    clock_.wait_until(walk->answered, lock, std::min(wake, until));
    now = clock_.now();
    if (!walk->queue.empty() && now >= walk->progress_at + kStall) {
      add_helper();
      walk->progress_at = now;
      walk->has_stalled = true;
    }
  }
  walk->over = true;
  std::erase(walks_, walk);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    auto& answer = walk->answers[i];
    if (answer.state == State::not_asked && walk->asked_at[i]) {
      answer = {State::hung, 0, now - *walk->asked_at[i], {}};
    }
  }
  return walk->answers;
}

// When the next call becomes overdue; max() when there is none left to wait for.
MonoTime MountProber::Crew::wake_at(const Walk& walk, MonoTime now, Duration timeout) {
  auto wake = MonoTime::max();
  for (std::size_t i = 0; i < walk.answers.size(); ++i) {
    if (walk.answers[i].state != State::not_asked || !walk.asked_at[i]) continue;
    const auto overdue = *walk.asked_at[i] + timeout;
    if (overdue > now) wake = std::min(wake, overdue);
  }
  return wake;
}

// Wakes the helper that waits, or begins a new one.
void MountProber::Crew::add_helper() {
  if (has_idle_) {
    work_.notify_one();
    return;
  }
  try {
    start_thread("bw-statfs", [self = shared_from_this()] { self->work(); }).detach();
    ++helpers_;
  } catch (const std::system_error&) {
    // There is no thread to be had: the list waits for the helpers there are, or ends not asked.
  }
}

void MountProber::Crew::work() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    if (!walks_.empty()) {
      take_next(lock);
      continue;
    }
    if (has_idle_) break;  // one that waits is enough; the others were there for dead mounts
    has_idle_ = true;
    work_.wait(lock, [&] { return closed_ || !walks_.empty(); });
    has_idle_ = false;
  }
  --helpers_;
}

bool MountProber::Crew::is_full(bool is_remote) const {
  const auto same =
      std::ranges::count(calls_, is_remote, [](const auto& call) { return call.second.is_remote; });
  return static_cast<std::size_t>(same) >= (is_remote ? kMaxRemote : kMaxLocal);
}

void MountProber::Crew::take_next(std::unique_lock<std::mutex>& lock) {
  const auto walk = walks_.front();
  const auto i = walk->queue.front();
  walk->queue.pop_front();
  if (walk->queue.empty()) std::erase(walks_, walk);

  const auto& target = walk->targets[i];
  const auto now = clock_.now();
  if (const auto call = calls_.find(target.path); call != calls_.end()) {
    walk->answer(i, {State::hung, 0, now - call->second.since, {}}, now);
    return;
  }
  if (is_full(target.is_remote)) {
    walk->answer(i, {}, now);
    return;
  }
  walk->asked_at[i] = now;
  calls_.emplace(target.path, Call{now, target.is_remote});
  lock.unlock();
  struct statfs info {};
  const int error = statfs_(target.path, info);
  lock.lock();
  calls_.erase(target.path);
  if (!walk->over) {
    walk->answer(i, {error == 0 ? State::answered : State::failed, error, {}, info}, clock_.now());
  }
}

void MountProber::Crew::close() {
  std::lock_guard guard(mutex_);
  closed_ = true;
  work_.notify_all();
}

std::size_t MountProber::Crew::helpers() const {
  std::lock_guard guard(mutex_);
  return helpers_;
}

std::size_t MountProber::Crew::calls() const {
  std::lock_guard guard(mutex_);
  return calls_.size();
}

MountProber::MountProber(Clock& clock, Statfs statfs)
    : clock_(clock), crew_(std::make_shared<Crew>(clock, std::move(statfs))) {}

MountProber::~MountProber() {
  crew_->close();
}

std::shared_ptr<MountProber> MountProber::shared() {
  static const auto prober = std::make_shared<MountProber>(
      Clock::system(), [](const std::string& path, struct statfs& out) {
        while (::statfs(path.c_str(), &out) != 0) {
          if (errno != EINTR) return errno;
        }
        return 0;
      });
  return prober;
}

std::vector<MountProber::Answer> MountProber::ask(const std::vector<Target>& targets,
                                                  MonoTime until, Duration timeout) {
  return crew_->ask(targets, until, timeout);
}

std::size_t MountProber::helpers() const {
  return crew_->helpers();
}

std::size_t MountProber::calls() const {
  return crew_->calls();
}

}  // namespace basewatch::node
