#include "agent/scrape/stop.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "agent/base/thread.h"

namespace basewatch::scrape {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);

class Countdown {
 public:
  explicit Countdown(std::size_t left) : left_(left) {}
  void count() {
    std::lock_guard guard(mutex_);
    if (--left_ == 0) zero_.notify_all();
  }
  void wait(Duration longest) {
    std::unique_lock lock(mutex_);
    zero_.wait_for(lock, longest, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  std::size_t left_;
};

}  // namespace

void stop_instances(const Instances& instances) {
  const auto countdown = std::make_shared<Countdown>(instances.size());
  for (const auto& instance : instances) {
    const auto stop = [owned = std::shared_ptr(instance), countdown]() mutable {
      owned->stop();
      owned.reset();
      countdown->count();
    };
    try {
      start_thread("stop", stop).detach();
    } catch (const std::system_error&) {  // no threads left: one after the other, then
      instance->stop();
      countdown->count();
    }
  }
  if (!instances.empty()) countdown->wait(kPatience);
}

}  // namespace basewatch::scrape
