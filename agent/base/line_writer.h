#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "agent/base/clock.h"

namespace basewatch {

// Writes lines to a descriptor on a thread of its own, so that a reader that has stopped reading (a
// full pipe, a terminal on hold, a dead disk) holds up nobody who has something to say. What waits
// is bounded; beyond it lines are refused. The thread starts with the first line. The descriptor
// stays the caller's; a thread that hangs in a write is let go of. Callable from any thread.
class LineWriter {
 public:
  explicit LineWriter(int fd, std::size_t most_bytes = 1u << 20);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;

  // False when there is no room for the line. Never waits.
  bool write(std::string_view line);

  // Waits (real time) until all that was taken is written or the writer gave up on it; false when
  // `longest` was not enough.
  bool flush(Duration longest);

  // Lines that were taken, and could not be written after all: a closed pipe, a full disk.
  std::size_t failed() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace basewatch
