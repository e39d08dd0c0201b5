#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/serve/access.h"
#include "agent/serve/http.h"

namespace basewatch::serve {

struct ServerLimits {
  std::size_t connections = 256;  // the one that waits longest makes room for a new one
  std::size_t workers = 64;       // threads that answer; made when needed, gone when idle
  std::size_t header_bytes = 16 * 1024;
  std::size_t unsent_bytes = 64u << 20;  // of answers on their way to slow readers, all together
  Duration header_time = std::chrono::seconds(10);  // handshake and header, to the empty line
  Duration idle_time = std::chrono::seconds(120);   // between two requests
  Duration write_time = std::chrono::seconds(30);   // for a whole answer
};

// Told of everybody who was not served; `reason` is a label's value.
struct ServerEvents {
  std::function<void(std::string_view reason)> connection_refused, handshake_failed,
      request_refused;
};

// Serves HTTP/1.1 on one address, in the clear or by TLS. One thread holds all connections that
// wait for their client in any way (reception.h); a request whose header is complete goes to a
// worker, which checks who asks and calls the handler. Request bodies are never read.
//
// start(), once, and stop() from one thread; set_access() and set_limits() from any. The handler
// and the events are called from many threads at once; an exception of the handler is logged and
// answered by 500. The log outlives the server.
class Server {
 public:
  Server(Log& log, Handler handler, ServerLimits limits = {}, ServerEvents events = {});
  ~Server();  // as stop(zero)
  Server(const Server&) = delete;

  // Who may come in from now on; everybody when it is never called. Connections go on, but for
  // those whose client would have to prove itself anew: they end after the request they are in.
  void set_access(std::shared_ptr<const Access> access);
  void set_limits(const ServerLimits& limits);

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
