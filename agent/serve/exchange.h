#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/serve/http.h"

namespace basewatch::serve {

// Where an answer's bytes go: false when the other end is gone or too slow.
class Output {
 public:
  virtual ~Output() = default;
  virtual bool write(std::string_view bytes) = 0;
};

// The other end of a connection.
struct Peer {
  IpAddress address;
  bool secure = false;
  bool verified = false;  // by its certificate
};

// Turns the bytes of one request's header into a Call, asks the handler, and writes its answer: the
// HTTP grammar is httplib's, the connection is not. Any number of threads.
class Exchange {
 public:
  explicit Exchange(std::function<Answer(Call&)> handler);
  ~Exchange();

  // `header` ends with its empty line. True when the connection may carry another request.
  bool run(std::string header, const Peer& peer, bool last, Output& output) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace basewatch::serve
