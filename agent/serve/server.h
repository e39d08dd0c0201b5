#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/serve/http.h"

namespace basewatch::serve {

struct ServerLimits {
  std::size_t connections = 256;  // the one that waits longest makes room for a new one
  std::size_t workers = 32;       // threads that answer; made when needed, gone when idle
  std::size_t header_bytes = 16 * 1024;
  Duration header_time = std::chrono::seconds(10);  // from the first byte to the empty line
  Duration idle_time = std::chrono::seconds(120);   // between two requests
  Duration write_time = std::chrono::seconds(30);   // for a whole answer
  Duration worker_idle_time = std::chrono::seconds(30);
};

// Serves HTTP/1.1 on one address. One thread holds all connections that wait: for a request, or in
// the middle of its header; so whoever sends slowly or not at all costs a descriptor and nothing
// else. A request whose header is complete goes to a worker, which calls the handler and writes the
// answer. Request bodies are never read.
//
// start(), once, and stop() from one thread. The handler is called from many threads at once;
// an exception of it is logged and answered by 500. The log outlives the server.
class Server {
 public:
  Server(Log& log, Handler handler, ServerLimits limits = {});
  ~Server();  // as stop(zero)
  Server(const Server&) = delete;

  // Binds and serves. `host` empty: every address of the machine; `port` zero: any free one. Throws
  // std::runtime_error with a sentence that says what to do.
  void start(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;

  // Takes no new connections or requests and waits until those at work are answered, at most
  // `drain`. False when some were not: then a worker is still inside the handler, so what that uses
  // has to stay alive until the process ends.
  bool stop(Duration drain);

  // Wakes the thread that holds the connections, and says how many turns it has made; more, the next
  // time, while it works.
  std::uint64_t pulse();

  std::size_t threads() const;  // workers alive, for tests

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace basewatch::serve
