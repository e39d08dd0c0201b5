#pragma once

#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/unique_fd.h"
#include "agent/serve/exchange.h"

namespace basewatch::serve {

// One client's connection; owned by the reception or by the worker that answers it, never by both.
struct Connection {
  UniqueFd fd;
  std::string received;  // bytes of the next request, and perhaps of those after it
  MonoTime since;        // when its present wait began
  MonoTime until;        // when its patience ends
  bool from_loopback = false;
  int answered = 0;
};

enum class Received { more, closed, complete, too_large };

// Takes what has arrived, without waiting.
Received receive(Connection& connection, std::size_t limit);

// Cuts the first header off the bytes received; empty when it is not complete yet.
std::string take_header(Connection& connection);

// Writes to a non-blocking socket; everything within `time`, counted from the first byte, so that a
// handler may think as long as it has to.
class SocketOutput final : public Output {
 public:
  SocketOutput(int fd, Duration time) : fd_(fd), time_(time) {}
  bool write(std::string_view bytes) override {
    broken_ = broken_ || !write_all(bytes);
    return !broken_;
  }
  bool broken() const { return broken_; }

 private:
  bool write_all(std::string_view bytes);

  const int fd_;
  const Duration time_;
  MonoTime until_{};
  bool broken_ = false;
};

// Ends a connection so that the last answer arrives even where unread bytes of a body are left:
// closing at once would make the kernel throw the answer away.
void close_gently(Connection& connection);

}  // namespace basewatch::serve
