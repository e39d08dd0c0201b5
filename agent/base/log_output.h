#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace basewatch {

// Writes lines to a descriptor without ever waiting for whoever reads it: a journal that hangs must
// not hang the agent. What is not taken at once waits for the next line, some hundred lines at
// most; beyond that the newest are lost, and counted. One thread at a time; the descriptor's flags,
// which others share, stay as they are.
class LogOutput {
 public:
  explicit LogOutput(int fd) : fd_(fd) {}
  LogOutput(const LogOutput&) = delete;

  // How many lines were lost before those that have now been written; zero while any wait.
  std::size_t write(std::string_view line);

 private:
  bool write_some(std::string_view& text) const;

  const int fd_;
  std::deque<std::string> waiting_;  // the first one perhaps without its beginning
  std::size_t lost_ = 0;
};

}  // namespace basewatch
