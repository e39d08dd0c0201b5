#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace basewatch::clients {

// Sends cancel requests on one thread of its own: PQcancel() connects and waits, against a server
// that is stopped for minutes. A request that has not begun within two seconds is dropped; whoever
// asked has closed the connection by then, and the server's own statement_timeout ends the query.
// Any thread; the thread is never joined and owns what it touches.
class Canceller {
 public:
  static std::shared_ptr<Canceller> shared();  // one per agent

  Canceller();
  // `cancel` may block; it is called at most once, and owns what it needs.
  void submit(std::function<void()> cancel);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace basewatch::clients
