#include "agent/base/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "agent/base/thread.h"

namespace basewatch {
namespace {

// Waits as long as it takes; false when there is nobody to write to.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody who shares the descriptor made it non-blocking
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

// Shared with the thread, which may hang in a write for ever.
struct LineWriter::State {
  State(int to, std::size_t bytes) : fd(to), most_bytes(bytes) {}

  // Both with the lock held, which is let go of during the write.
  void write_waiting(std::unique_lock<std::mutex>& lock);
  void work();

  const int fd;
  const std::size_t most_bytes;
  std::mutex mutex;
  std::condition_variable more, written;
  std::string waiting;
  std::size_t failed = 0;
  bool has_thread = false, writing = false, stopping = false;
};

void LineWriter::State::write_waiting(std::unique_lock<std::mutex>& lock) {
  const auto batch = std::exchange(waiting, {});
  writing = true;
  lock.unlock();
  const bool good = write_all(fd, batch);
  lock.lock();
  writing = false;
  if (!good) failed += static_cast<std::size_t>(std::ranges::count(batch, '\n'));
  written.notify_all();
}

void LineWriter::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    more.wait(lock, [&] { return stopping || !waiting.empty(); });
    if (waiting.empty()) return;
    write_waiting(lock);
  }
}

LineWriter::LineWriter(int fd, std::size_t most_bytes)
    : state_(std::make_shared<State>(fd, most_bytes)) {}

LineWriter::~LineWriter() {
  flush(std::chrono::seconds(1));
  std::lock_guard guard(state_->mutex);
  state_->stopping = true;
  state_->more.notify_all();
}

bool LineWriter::write(std::string_view line) {
  std::lock_guard guard(state_->mutex);
  if (state_->waiting.size() + line.size() > state_->most_bytes) return false;
  state_->waiting += line;
  if (!state_->has_thread) {
    try {
      start_thread("log", [state = state_] { state->work(); }).detach();
      state_->has_thread = true;
    } catch (const std::system_error&) {
      // The system has no thread for us now: the line waits for the next one, or for flush().
    }
  }
  state_->more.notify_one();
  return true;
}

bool LineWriter::flush(Duration longest) {
  std::unique_lock lock(state_->mutex);
  if (!state_->has_thread && !state_->waiting.empty()) state_->write_waiting(lock);
  return state_->written.wait_for(lock, longest,
                                  [&] { return state_->waiting.empty() && !state_->writing; });
}

std::size_t LineWriter::failed() const {
  std::lock_guard guard(state_->mutex);
  return state_->failed;
}

}  // namespace basewatch
