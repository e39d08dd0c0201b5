#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/unique_fd.h"
#include "agent/clients/resolver.h"
#include "agent/clients/tls.h"

namespace basewatch::clients {

// A server that cannot be reached or talked to; what() is a sentence without secrets.
class StreamError : public std::runtime_error {
 public:
  enum class Kind { unreachable, closed, timeout };
  StreamError(Kind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  const Kind kind;
};

// A connection to a server, plain or TLS, TCP or a socket of this machine. Every call ends by its
// deadline. One thread at a time.
class Stream {
 public:
  // To the first address of `host` that takes the connection. `tls` null: plain.
  static Stream to_host(Resolver& resolver, const std::string& host, std::uint16_t port,
                        const TlsOptions* tls, const Deadline& deadline);
  static Stream to_socket(const std::string& path, const TlsOptions* tls, const Deadline& deadline);

  // Waits until something can be received or, with bytes `to_send`, sent; takes what was sent off
  // `to_send` and appends what was received to `received`. Both directions at once, so that a
  // server which answers while we still write blocks nobody.
  void exchange(std::string_view& to_send, std::string& received, const Deadline& deadline);

 private:
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}
  void secure(const TlsOptions& options, const std::string& host, const Deadline& deadline);
  bool send_some(std::string_view& to_send, short& events);
  bool receive_some(std::string& received, short& events);

  UniqueFd fd_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace basewatch::clients
