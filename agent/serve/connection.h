#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/network.h"
#include "agent/serve/access.h"
#include "agent/serve/exchange.h"
#include "agent/serve/transport.h"

namespace basewatch::serve {

enum class Phase {
  handshake,  // TLS has not been agreed upon
  header,     // waits for a request, or is in the middle of its header
  sending,    // its answer is on its way
  lingering,  // the last answer is sent; what still comes is thrown away
};

// One client's connection; owned by the reception or by the worker that answers it, never by both.
struct Connection {
  Transport transport;
  std::shared_ptr<const Access> access;  // the rules under which it was let in
  IpAddress client;
  Phase phase = Phase::header;
  short events = POLLIN;  // what its phase waits for
  bool watched = false;   // known to the poller, which
  bool armed = false;     // will tell when it is ready
  bool ready = false;     // and has told
  std::string received;   // bytes of the next request, and perhaps of those after it
  std::string unsent;     // what is left of the answer, from `sent` on
  std::size_t sent = 0;
  bool keep = false;  // another request may follow the answer
  std::size_t thrown_away = 0;
  MonoTime since;  // when its present wait began
  MonoTime until;  // when its patience ends
  int answered = 0;
};

enum class Received { more, closed, complete, too_large, is_tls };

// Takes what has arrived, without waiting.
Received receive(Connection& connection, std::size_t limit);

// Whether a whole header has been received.
bool has_header(const Connection& connection);
// Cuts the first header off the bytes received; empty when it is not complete yet.
std::string take_header(Connection& connection);

// Sends what can be sent without waiting. done: all of it.
Io send_more(Connection& connection);

// From now on the next request is waited for, which may have begun already.
void await_request(Connection& connection, MonoTime now, Duration idle_time, Duration header_time);
// Whether that can go on without the client: then no poller would ever tell.
bool has_more(const Connection& connection);

// After the last answer: closing at once would make the kernel throw it away where unread bytes of
// a body are left. False when the other end has closed, or sent enough.
bool linger(Connection& connection);

}  // namespace basewatch::serve
