#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/serve/http.h"

namespace basewatch::serve {

// The other end of a connection.
struct Peer {
  IpAddress address;
  bool secure = false;
  bool verified = false;  // by its certificate
};

// Turns the bytes of one request's header into a Call, asks the handler, and writes its answer. Any
// number of threads.
class Exchange {
 public:
  explicit Exchange(std::function<Answer(Call&)> handler) : handler_(std::move(handler)) {}

  // `header` ends with its empty line; the answer is added to `to`. True when the connection may
  // carry another request.
  bool run(std::string_view header, const Peer& peer, bool last, std::string& to) const;

 private:
  const std::function<Answer(Call&)> handler_;
};

}  // namespace basewatch::serve
