#include "agent/scrape/instance_host.h"

#include <fmt/format.h>

#include <utility>

#include "agent/base/strings.h"
#include "agent/scrape/core.h"

namespace basewatch::scrape {
namespace {

constexpr std::size_t kMostNotes = 200;
constexpr std::size_t kLongestNote = 500;

}  // namespace

InstanceHost::InstanceHost(std::shared_ptr<Core> core, std::string topic)
    : core_(std::move(core)), topic_(std::move(topic)) {}

Clock& InstanceHost::clock() {
  return core_->clock;
}

void InstanceHost::log(LogLevel level, std::string_view message) {
  {
    std::lock_guard guard(mutex_);
    if (closed_) return;
  }
  core_->say(level, topic_, message);
}

void InstanceHost::note(std::string_view topic, std::string message) {
  std::lock_guard guard(mutex_);
  const auto found = notes_.find(topic);
  if (message.empty()) {
    if (found != notes_.end()) notes_.erase(found);
  } else if (found != notes_.end()) {
    found->second = printable(message, kLongestNote);
  } else if (notes_.size() < kMostNotes && !closed_) {
    notes_.emplace(topic, printable(message, kLongestNote));
  }
}

void InstanceHost::endpoint(std::string path, Handler handler) {
  std::lock_guard guard(mutex_);
  if (!closed_) endpoints_[std::move(path)] = std::move(handler);
}

void InstanceHost::instances(std::vector<FoundInstance> found) {
  {
    std::lock_guard guard(mutex_);
    if (closed_) return;
  }
  std::size_t too_many = 0;
  {
    std::lock_guard guard(core_->mutex);
    if (core_->closed) return;
    too_many = core_->found.report(topic_, std::move(found), core_->clock.now());
    core_->found_changed.notify_all();
  }
  note("found", too_many == 0 ? std::string()
                              : fmt::format("{} more were found than the {} that one instance may "
                                            "bring; configure them by hand",
                                            too_many, Found::kMost));
}

std::map<std::string, std::string> InstanceHost::notes() const {
  std::lock_guard guard(mutex_);
  return {notes_.begin(), notes_.end()};
}

InstanceHost::Handler InstanceHost::find_endpoint(std::string_view path) const {
  std::lock_guard guard(mutex_);
  const auto found = endpoints_.find(path);
  return found == endpoints_.end() ? nullptr : found->second;
}

// Handlers may own what asks for our lock as it goes, so they go without it.
void InstanceHost::close() {
  decltype(endpoints_) gone;
  std::lock_guard guard(mutex_);
  closed_ = true;
  gone.swap(endpoints_);
}

}  // namespace basewatch::scrape
