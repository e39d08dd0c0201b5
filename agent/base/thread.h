#pragma once

#include <functional>
#include <string>
#include <thread>

namespace basewatch {

// Starts a thread that takes no signals: those belong to the thread that waits for them. `name` is
// what top and gdb show, at most 15 bytes of it. Throws std::system_error when the system has no
// more threads to give.
std::thread start_thread(const std::string& name, std::function<void()> body);

}  // namespace basewatch
